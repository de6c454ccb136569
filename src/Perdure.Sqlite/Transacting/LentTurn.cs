namespace Perdure.Sqlite.Transacting;

/// <summary>
/// The writer's turn, lent to one operation: a file has one writer, so that while the operation writes, the store does not. It is lent for a bounded time; after it the transaction is ended from
/// outside, unless it is being committed.
/// </summary>
internal sealed class LentTurn(TimeSpan within) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _over = new();
    private Action? _end;
    private bool _committing;

    /// <summary>Completes when the turn is the operation's.</summary>
    public Task Begun => _begun.Task;

    /// <summary>The position of the store's newest record.</summary>
    public long Position { get; set; }

    /// <summary>Whether it lasted too long and was taken back.</summary>
    public bool IsRevoked { get; private set; }

    /// <summary>How long it is lent.</summary>
    public TimeSpan Within => within;

    /// <summary>On the writer's thread: lends it, and returns once it is over.</summary>
    public void Lend(long position)
    {
        Position = position;
        if (!_begun.TrySetResult() || _over.Wait(within)) return;
        lock (_gate)
        {
            if (!_committing)
            {
                IsRevoked = true;
                _end?.Invoke();
                return;
            }
        }
        _over.Wait();      // a commit ends by itself
    }

    /// <summary>Nobody waits for it any more; where it has begun, this changes nothing.</summary>
    public void GiveUp(CancellationToken cancellation) => _begun.TrySetCanceled(cancellation);

    /// <summary>Says how the transaction is ended from outside; null where there is none any more.</summary>
    public void EndsBy(Action? end)
    {
        lock (_gate) _end = end;
    }

    /// <summary>From now on it is not taken back; false where it was.</summary>
    public bool Commits()
    {
        lock (_gate) return _committing = !IsRevoked;
    }

    /// <summary>The writer goes on.</summary>
    public void Return() => _over.Set();

    /// <inheritdoc />
    public void Dispose() => _over.Dispose();
}
