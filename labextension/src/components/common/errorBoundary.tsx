/** Whatever cannot be drawn becomes a sentence in its place; the rest of the panel stays. */
import React from 'react';

interface Props {
  sentence: string;
  children: React.ReactNode;
}

export class Boundary extends React.Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidCatch(error: unknown): void {
    console.error('agent: something could not be shown', error);
  }

  override render(): React.ReactNode {
    if (this.state.error === null) {
      return this.props.children;
    }
    return (
      <div className="jp-AgentHost-notice" data-level="error" role="alert">
        {this.props.sentence} <code>{this.state.error.message}</code>
      </div>
    );
  }
}
