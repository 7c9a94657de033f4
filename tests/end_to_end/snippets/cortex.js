const token = "your_auth_token";
const conversationId = "123456";
const eventSource = new EventSource(`/v1/conversation/${conversationId}?token=${token}`);

eventSource.addEventListener("connect", (e) => {
  console.log("Connected to SSE stream", JSON.parse(e.data));
});

eventSource.addEventListener("message_received", (e) => {
  const message = JSON.parse(e.data);
  console.log("New message:", message);
  // Update UI with message
});

eventSource.addEventListener("error", (e) => {
  console.error("SSE error", e);
  eventSource.close();
  // Implement reconnection logic with backoff
});
