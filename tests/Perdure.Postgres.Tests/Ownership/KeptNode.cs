using Npgsql;
using Perdure.Ports;
using Perdure.Owning;
using Perdure.Postgres.Owning;

namespace Perdure.Postgres.Tests.Ownership;

/// <summary>A keeper with somebody to tell.</summary>
internal sealed class KeptNode(Keeper keeper, IReadOnlyList<Perdure.Ports.Ownership> opened, int lanes) : IAsyncDisposable
{
    public Keeper Keeper => keeper;

    public Recorder Told { get; } = new();

    /// <summary>What its opening gave.</summary>
    public IReadOnlyList<Perdure.Ports.Ownership> Opened => opened;

    public int Number => keeper.NodeNumber;

    /// <summary>The lanes that it has by what the keeper says.</summary>
    public int[] Has => [.. Enumerable.Range(0, lanes).Where(l => keeper.EpochOf(l) > 0)];

    /// <summary>The lanes that it is sure of.</summary>
    public int[] Sure => [.. Enumerable.Range(0, lanes).Where(keeper.Holds)];

    public KeptNode Attach()
    {
        keeper.Attach(Told);
        return this;
    }

    public ValueTask DisposeAsync() => keeper.DisposeAsync();
}

/// <summary>A clock that stands still for the keeper's thread while it is frozen, as SIGSTOP does to a process. Others read it still.</summary>
internal sealed class FreezableTime : TimeProvider
{
    private readonly ManualResetEventSlim _runs = new(true);
    private readonly ManualResetEventSlim _stands = new();

    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp()
    {
        if (!_runs.IsSet && Thread.CurrentThread.Name == "perdure keeper")
        {
            _stands.Set();
            _runs.Wait();
        }
        return System.GetTimestamp();
    }

    /// <summary>Freezes the thread; returns when it stands.</summary>
    public void Freeze()
    {
        _stands.Reset();
        _runs.Reset();
        Assert.True(_stands.Wait(OwnershipPlace.Patience));
    }

    public void Thaw() => _runs.Set();
}
