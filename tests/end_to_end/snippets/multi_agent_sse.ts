// services/sse.ts
export class SSEService {
  private eventSource: EventSource | null = null;
  private reconnectTimeout: number = 3000;
  private reconnectAttempts: number = 0;
  
  connect(message: string, handlers: SSEHandlers): void {
    // For GET endpoint (recommended)
    const url = `/api/chat/stream?message=${encodeURIComponent(message)}`;
    
    this.eventSource = new EventSource(url);
    
    // Handle different event types
    this.eventSource.addEventListener('message', (event) => {
      try {
        const data = JSON.parse(event.data);
        handlers.onMessage?.(data);
      } catch (e) {
        console.error('Failed to parse SSE message:', e);
      }
    });
    
    this.eventSource.addEventListener('connected', (event) => {
      this.reconnectAttempts = 0;
      handlers.onConnect?.();
    });
    
    this.eventSource.addEventListener('done', (event) => {
      handlers.onComplete?.();
      this.disconnect();
    });
    
    this.eventSource.addEventListener('error', (event) => {
      if (event.target.readyState === EventSource.CLOSED) {
        handlers.onError?.('Connection closed');
        this.attemptReconnect(message, handlers);
      }
    });
  }
  
  private attemptReconnect(message: string, handlers: SSEHandlers): void {
    if (this.reconnectAttempts < 3) {
      this.reconnectAttempts++;
      setTimeout(() => {
        this.connect(message, handlers);
      }, this.reconnectTimeout * this.reconnectAttempts);
    }
  }
  
  disconnect(): void {
    if (this.eventSource) {
      this.eventSource.close();
      this.eventSource = null;
    }
  }
}
