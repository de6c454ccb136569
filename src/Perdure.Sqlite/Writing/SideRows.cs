using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>The rows beside an item's record: stack, timers, messages, outbox, pages.</summary>
internal sealed class SideRows(Database database, Counts counts)
{
    private readonly Statement _push = database["insert-stack"];
    private readonly Statement _operation = database["stack-operation"];
    private readonly Statement _operations = database["stack-operations"];
    private readonly Statement _leave = database["leave-stack"];
    private readonly Statement _settle = database["settle-stack"];
    private readonly Statement _setTimer = database["set-timer"];
    private readonly Statement _clearTimer = database["clear-timer"];
    private readonly Statement _message = database["insert-message"];
    private readonly Statement _send = database["insert-outbox"];
    private readonly Statement _arrived = database["outbox-done"];
    private readonly Statement _page = database["insert-page"];

    /// <summary>
    /// Takes the item's message ids; where one is there already, takes none and says so. That message has then reached its receiver, so that it leaves the outbox all the same.
    /// </summary>
    public ItemAnswer? TakeMessages(Item item)
    {
        for (var i = 0; i < item.Messages.Count; i++)
        {
            _message.Set(1, item.Instance.Value).Set(2, item.Messages[i]).Run();
            if (database.Changes > 0) continue;
            while (i-- > 0) database["delete-message"].Set(1, item.Instance.Value).Set(2, item.Messages[i]).Run();
            if (item.OutboxDone is { } arrived) Arrived(item, arrived);
            return new ItemAnswer.Duplicate(ItemAnswer.Duplicate.Message);
        }
        return null;
    }

    /// <summary>Puts an intent on the stack.</summary>
    public void Push(Item item, Effect.KeepToken token, int map)
    {
        _push.Set(1, item.Instance.Value).Set(2, (long)token.Ordinal).Set(3, (long)token.Visit).Set(4, token.Name).Set(5, (long)token.Generation)
            .Set(6, token.Operation).Set(7, token.IntendedAt).Run();
        counts.Stack(map, token.Operation, 1);
    }

    /// <summary>Takes entries off the stack.</summary>
    public void LeaveStack(Item item, int map)
    {
        for (var i = 0; i < item.LeftStack.Count; i++)
        {
            var ordinal = (long)item.LeftStack[i];
            if (Uncount(_operation.Set(1, item.Instance.Value).Set(2, ordinal), map)) _leave.Set(1, item.Instance.Value).Set(2, ordinal).Run();
        }
    }

    /// <summary>Takes everything off the stack.</summary>
    public void SettleStack(Item item, int map)
    {
        if (Uncount(_operations.Set(1, item.Instance.Value), map)) _settle.Set(1, item.Instance.Value).Run();
    }

    // A look before a DELETE: DELETE … RETURNING builds a table for its answer, and most instances end with an empty stack.
    private bool Uncount(Statement look, int map)
    {
        var any = false;
        while (look.Read())
        {
            any = true;
            counts.Stack(map, look.Text(0), -1);
        }
        return any;
    }

    /// <summary>Forgets timers, then keeps timers.</summary>
    public void Timers(Item item)
    {
        var id = item.Instance.Value;
        for (var i = 0; i < item.TimersCleared.Count; i++)
            _clearTimer.Set(1, id).Set(2, (long)item.TimersCleared[i].Kind).Set(3, (long)item.TimersCleared[i].Ordinal).Run();
        for (var i = 0; i < item.TimersSet.Count; i++)
            _setTimer.Set(1, id).Set(2, (long)item.TimersSet[i].Timer.Kind).Set(3, (long)item.TimersSet[i].Timer.Ordinal).Set(4, Milliseconds(item.TimersSet[i].Due)).Run();
    }

    // A timer must never fire early, so that a part of a millisecond counts as a whole one.
    private static long Milliseconds(DateTimeOffset due)
    {
        var whole = due.ToUnixTimeMilliseconds();
        return due.Ticks % TimeSpan.TicksPerMillisecond == 0 ? whole : whole + 1;
    }

    /// <summary>Keeps messages to other instances.</summary>
    public void Send(Item item)
    {
        foreach (var message in item.Outbox)
            _send.Set(1, message.To.Value).Set(2, message.MessageId).Set(3, (long)message.Ordinal).Set(4, message.State)
                .Set(5, message.Result.Type).Set(6, message.Result.Schema).Set(7, message.Result.Codec).Set(8, message.Result.Body.Span).Run();
    }

    /// <summary>A message has reached this instance and leaves the outbox.</summary>
    public void Arrived(Item item, string messageId) => _arrived.Set(1, item.OutboxDoneOf.Value).Set(2, messageId).Run();

    /// <summary>Keeps page records; one for its key.</summary>
    public void Raise(Item item, int state, long at)
    {
        foreach (var page in item.Pages)
            _page.Set(1, page.Key).Set(2, item.Instance.Value).Set(3, (long)state).Set(4, (long)page.Severity).Set(5, page.Code).Set(6, page.Summary).Set(7, at).Run();
    }
}
