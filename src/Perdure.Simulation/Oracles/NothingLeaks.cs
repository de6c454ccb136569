using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>
/// Once all is quiet nothing is left over: no running attempt, no request under way, no message between instances. Once the nodes have stopped in order as well, they hold nothing: no lease or lane, no session,
/// no connection of a transaction, no operation that was never told to end, nobody who waits for an answer.
/// </summary>
internal sealed class NothingLeaks(World world) : Oracle(world)
{
    public override string Name => "leaks";

    public override void End()
    {
        if (!World.Watch.IsQuiet) return;
        if (World.Database.Tables.Outbox.Any()) Fail("A message between instances is still on its way.");
        if (World.Database.Tables.TimersBehind(null).FirstOrDefault() is { } timer) Fail($"The timer {timer} is left behind.");
        foreach (var node in World.Nodes)
        {
            // One that lost its lane without having noticed yet may still be at what its owner has finished meanwhile.
            if (!node.Serves || !node.Node.Lanes.Any(lane => node.Store.Owns(lane.Lease))) continue;
            if (node.Link.IsStuck) Fail($"{node} has a request to the database under way that nobody waits for any more.");
            foreach (var lane in node.Node.Lanes)
            {
                if (!node.Store.Owns(lane.Lease)) continue;
                if (lane.RunningAttempts > 0) Fail($"{node} has {lane.RunningAttempts} attempts running, and every instance has ended.");
                if (lane.InFlight > 0) Fail($"{node} counts {lane.InFlight} instances in flight, and every one has ended.");
                if (lane.HotCount > 0) Fail($"{node} keeps in memory, where every instance has ended: {string.Join("; ", lane.Kept())}.");
            }
        }
    }

    public override void Stopped()
    {
        var tables = World.Database.Tables;
        foreach (var node in World.Nodes)
        {
            if (node.Gone) continue;
            if (node.Unanswered is { Count: > 0 } asked) Fail($"{node} was stopped in order, and was asked what it never answers: {string.Join(", ", asked)}.");
            if (node.Node.Forwarding > 0) Fail($"{node} was stopped in order, and {node.Node.Forwarding} of its commands wait for other nodes.");
            if (node.OpenOperations is { Count: > 0 } open) Fail($"{node} was stopped in order, and operations of it run that were never cancelled: {string.Join(", ", open)}.");
            if (node.Store.OpenTransactions > 0) Fail($"{node} was stopped in order, and has {node.Store.OpenTransactions} transactions open, each with a connection.");
            if (node.Link.UnderWay > 0) Fail($"{node} was stopped in order, and has {node.Link.UnderWay} requests to the database under way.");
            if (node.Store.Keeper is { Number: > 0 and var number } && tables.Shared.IsThere(number)) Fail($"{node} was stopped in order, and has a lease.");
        }
        foreach (var named in World.Database.Sessions.Alive) Fail($"Every node was stopped, and a session of node {named} is open.");
        for (var lane = 0; lane < World.Lanes; lane++)
        {
            if (tables.FenceOf(lane) is not { } fence) continue;
            if (fence.Node is { } owner) Fail($"Every node was stopped in order, and lane {lane} is node {owner}'s.");
            // Where each node has its lanes for ever, one that died as it took them may have been the last.
            if (!fence.Clean && (World.Options.SharedLanes > 0 || World.Nodes.Any(n => !n.Gone && n.Node.Lanes.Any(l => l.Lease.Lane == lane && l.Lease.Epoch == fence.Epoch)))) Fail($"Every node was stopped in order, and lane {lane} was not given back.");
            if (tables.Shared.Open(lane).FirstOrDefault() is { } command) Fail($"The command {command.Key} to {command.To} waits in the inbox of lane {lane}, and every instance has ended.");
        }
    }
}
