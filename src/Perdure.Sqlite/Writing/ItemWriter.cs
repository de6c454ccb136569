using System.Text.Json;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>Writes the rows of one item in the open transaction. Every statement is prepared once.</summary>
internal sealed class ItemWriter(Database database, Maps maps, Scopes scopes, Counts counts)
{
    private readonly KeyRows _keys = new(database, scopes);
    private readonly SideRows _side = new(database, counts);
    private readonly Statement _instance = database["insert-instance"];
    private readonly Statement _log = database["insert-log"];
    private readonly Statement _transition = database["insert-transition"];
    private readonly Statement _status = database["status"];
    private readonly Statement _step = database["insert-step"];
    private readonly Statement _newest = database["newest-record"];
    private bool _counted;

    /// <summary>The position of the newest record.</summary>
    public long Position { get; private set; }

    /// <summary>Records go behind that position: in a new transaction, and after rows were taken back.</summary>
    public void GoOn(long position)
    {
        Position = position;
        _newest.Read();
        _counted = _newest.Long(0) == position;
        _newest.Reset();
    }

    /// <summary>
    /// Writes an item. An answer other than committed leaves nothing behind. A fault may leave rows behind, so that the caller must roll back.
    /// </summary>
    public ItemAnswer Write(Item item)
    {
        if (maps.Find(item.Workflow, item.WorkflowVersion) is not { } map) return new ItemAnswer.Refused($"'{item.Workflow}' version {item.WorkflowVersion} is not registered.");
        if (!map.TryState(item.StateAfter, out var after)) return NoState(item, item.StateAfter);
        var first = item.Transitions.Count > 0 ? item.Transitions[0].From : item.StateAfter;
        if (item.Start is null) first = item.StateBefore ?? first;
        var before = after;
        if (!ReferenceEquals(first, item.StateAfter) && !map.TryState(first, out before)) return NoState(item, first);
        for (var i = 0; i < item.Transitions.Count; i++)
            if (item.Transitions[i] is var move && !TryEdge(map, move, out _)) return new ItemAnswer.Refused($"transition: '{item.Workflow}' version {item.WorkflowVersion} declares none from '{move.From}' to '{move.To}'.");

        database.Arena.Reset();
        var id = item.Instance.Value;
        var at = item.At.ToUnixTimeMilliseconds();
        if (item.Start is { } start)
        {
            if (_keys.Take(item, start, map.Id, at) is { } taken) return taken;
            InsertInstance(item, start, map.Id, before, at);
        }
        if (item.Messages.Count > 0 && _side.TakeMessages(item) is { } duplicate) return duplicate;

        // SQLite counts on by itself, and needs no look then whether the place is free. By hand where the newest record was removed: its position is not given again.
        var position = Position + 1;
        _log.Set(1, id).Set(2, item.Version).Set(3, at).Set(4, item.Hash.Span).Set(5, item.Body.Span).Set(6, _counted ? null : position).Run();
        _counted = true;
        if (database.LastRow != position) throw new InvalidOperationException($"A record went to position {database.LastRow}, not {position}.");

        for (var i = 0; i < item.Transitions.Count; i++)
        {
            var move = item.Transitions[i];
            TryEdge(map, move, out var edge);
            _transition.Set(1, id).Set(2, (long)move.Visit).Set(3, (long)edge).Set(4, position).Set(5, at)
                .Set(6, (long)(i + 1 < item.Transitions.Count ? Status.Running : item.StatusAfter)).Run();
        }
        if (item.Start is null && item.Transitions.Count == 0 && item.StatusBefore != item.StatusAfter)
            _status.Set(1, id).Set(2, (long)item.StatusAfter).Set(3, at).Run();

        if (item.SettlesStack) _side.SettleStack(item, map.Id);
        for (var i = 0; i < item.Tokens.Count; i++)
        {
            var token = item.Tokens[i];
            _step.Set(1, id).Set(2, (long)token.Visit).Set(3, token.Name).Set(4, (long)token.Generation).Set(5, (long)token.Ordinal).Run();
            if (token.OnStack) _side.Push(item, token, map.Id);
        }
        if (item.LeftStack.Count > 0) _side.LeaveStack(item, map.Id);
        if (item.StatusAfter == Status.Ended && item.StatusBefore != Status.Ended && (item.HadStack || item.Tokens.Count > 0)) _side.SettleStack(item, map.Id);
        if (item.TimersCleared.Count > 0 || item.TimersSet.Count > 0) _side.Timers(item);
        if (item.Outbox.Count > 0) _side.Send(item);
        if (item.OutboxDone is { } arrived) _side.Arrived(item, arrived);
        if (item.Pages.Count > 0) _side.Raise(item, after, at);

        if (item.Start is not null) counts.Instances(after, item.StatusAfter, 1);
        else if (before != after || item.StatusBefore != item.StatusAfter)
        {
            counts.Instances(before, item.StatusBefore ?? item.StatusAfter, -1);
            counts.Instances(after, item.StatusAfter, 1);
        }
        Position = position;
        return new ItemAnswer.Committed(position);
    }

    private void InsertInstance(Item item, NewInstance start, int map, int state, long at)
    {
        _instance.Set(1, item.Instance.Value).Set(2, (long)scopes.Of(start.Namespace, item.Workflow)).Set(3, (long)map).Set(4, (long)state).Set(5, (long)item.StatusAfter)
            .Set(6, Position + 1).Set(7, (long)start.Priority).Set(8, at).Set(9, start.RequestKey).Set(10, start.BusinessKey).Set(11, start.Salt.Span)
            .Set(12, start.Parent?.Id.Value).Set(13, start.Parent?.Ordinal).Set(14, start.TraceParent)
            .Set(15, start.Attributes.Count == 0 ? null : JsonSerializer.Serialize(start.Attributes)).Run();
    }

    private static bool TryEdge(MapNumbers map, TransitionRow move, out int edge)
    {
        edge = 0;
        return map.TryState(move.From, out var from) && map.TryState(move.To, out var to) && map.TryEdge(from, to, out edge);
    }

    private static ItemAnswer.Refused NoState(Item item, string state) => new($"'{item.Workflow}' version {item.WorkflowVersion} has no state '{state}'.");
}
