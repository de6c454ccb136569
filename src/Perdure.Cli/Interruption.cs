namespace Perdure.Cli;

/// <summary>Ctrl-C asks for an end, after which what was found is reported; the second time it ends at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    public Interruption() => Console.CancelKeyPress += Pressed;

    public CancellationToken Token => _stop.Token;

    private void Pressed(object? sender, ConsoleCancelEventArgs pressed)
    {
        pressed.Cancel = !_stop.IsCancellationRequested;
        _stop.Cancel();
    }

    public void Dispose()
    {
        Console.CancelKeyPress -= Pressed;
        _stop.Dispose();
    }
}
