// Test connection
const sse = new SSEService();
sse.connect('test message', {
  onMessage: (data) => console.log('Received:', data),
  onError: (error) => console.error('Error:', error),
  onComplete: () => console.log('Complete')
});
