using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Simulation.Owning;

namespace Perdure.Simulation.Database;

/// <summary>Where nodes share the lanes: the keeper says which are this node's, and commands for the others go by the inbox.</summary>
internal sealed partial class SimulatedStore
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5), LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Keeps this node's lanes; null where each node has one lane for ever.</summary>
    public SimulatedKeeper? Keeper { get; init; }

    /// <inheritdoc />
    public bool IsShared => Keeper is not null;

    /// <inheritdoc />
    public void Attach(ILaneOwner owner) => Keeper?.Attach(owner);

    /// <inheritdoc />
    public bool Holds(int of) => Keeper?.Holds(of) ?? true;

    /// <inheritdoc />
    public void Leave() => Keeper?.Leave();

    /// <inheritdoc />
    public void GivenUp(LaneLease of) => Keeper?.GivenUp(of.Lane, of.Epoch);

    private async Task<Ownership> Join(NodeIdentity node)
    {
        var owned = await Keeper!.Open(node).ConfigureAwait(false);
        var newest = await Read("newest", tables => tables.Instances.Keys.Append(tables.NewestRemoved).Max()).ConfigureAwait(false);
        return new([.. owned.SelectMany(o => o.Lanes.Select(lease => lease with { Before = new(o.Unclean, o.Before) }))], owned.Any(o => o.Unclean), newest, owned.Max(o => o.Before));
    }

    // What was given is answered first.
    private async Task CloseShared()
    {
        while (_commits.Count > 0 || _ends.Count > 0)
        {
            var later = new TaskCompletionSource();
            link.Later(TimeSpan.FromMilliseconds(10), later.SetResult);
            await later.Task.ConfigureAwait(false);
        }
        await Keeper!.Close().ConfigureAwait(false);
    }

    /// <inheritdoc />
    public async Task<ReadOnlyMemory<byte>?> Send(InstanceId to, string key, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var of = to.Slot % lanes;
        var (position, answer) = await Write("inbox-send", tables => tables.Shared.Keep(of, to, key, body)).ConfigureAwait(false);
        if (answer is not null) return answer;
        var done = new TaskCompletionSource<ReadOnlyMemory<byte>?>();
        void Answered(long answered)
        {
            if (answered == position) Look();
        }
        void Look() => Read("inbox-answer", tables => tables.Shared.AnswerOf(position)).ContinueWith(read =>
        {
            if (read is { IsCompletedSuccessfully: true, Result: { } found }) done.TrySetResult(found);
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        void Again(TimeSpan waited)
        {
            if (done.Task.IsCompleted) return;
            if (waited >= AnswerWithin) done.TrySetResult(null);
            else link.Later(LookEvery, () =>
            {
                Look();
                Again(waited + LookEvery);
            });
        }
        Keeper!.Wakes.Answered += Answered;
        Keeper.Wakes.Sent(of);
        Again(TimeSpan.Zero);
        var found = await done.Task.ConfigureAwait(false);
        Keeper.Wakes.Answered -= Answered;
        return found;
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<InboxMessage>> Inbox(int of, int limit, CancellationToken cancellation) => Read<IReadOnlyList<InboxMessage>>("inbox", tables => [.. tables.Shared.Open(of).Take(limit)]);

    /// <inheritdoc />
    public async Task Answer(long position, ReadOnlyMemory<byte> answer, bool final, CancellationToken cancellation)
    {
        await Write("inbox-answered", tables =>
        {
            tables.Shared.Answer(position, answer, final);
            return true;
        }).ConfigureAwait(false);
        Keeper!.Wakes.Answer(position);
    }
}
