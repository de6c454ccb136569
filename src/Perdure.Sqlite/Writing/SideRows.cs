using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Writing;

/// <summary>The rows beside an item's record: stack, timers, messages, outbox, pages.</summary>
internal sealed class SideRows(Database database, Counts counts)
{
    private readonly Statement _push = database["insert-stack"];
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
            return new ItemAnswer.Duplicate("message");
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
        foreach (var ordinal in item.LeftStack) Remove(_leave.Set(1, item.Instance.Value).Set(2, (long)ordinal), map);
    }

    /// <summary>Takes everything off the stack.</summary>
    public void SettleStack(Item item, int map) => Remove(_settle.Set(1, item.Instance.Value), map);

    private void Remove(Statement delete, int map)
    {
        while (delete.Read()) counts.Stack(map, delete.Text(0), -1);
    }

    /// <summary>Forgets timers, then keeps timers.</summary>
    public void Timers(Item item)
    {
        foreach (var timer in item.TimersCleared) _clearTimer.Set(1, item.Instance.Value).Set(2, (long)timer.Kind).Set(3, (long)timer.Ordinal).Run();
        foreach (var timer in item.TimersSet)
            _setTimer.Set(1, item.Instance.Value).Set(2, (long)timer.Timer.Kind).Set(3, (long)timer.Timer.Ordinal).Set(4, Milliseconds(timer.Due)).Run();
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
    public void Arrived(Item item, string messageId) => _arrived.Set(1, item.Instance.Value).Set(2, messageId).Run();

    /// <summary>Keeps page records; one for its key.</summary>
    public void Raise(Item item, int state, long at)
    {
        foreach (var page in item.Pages)
            _page.Set(1, page.Key).Set(2, item.Instance.Value).Set(3, (long)state).Set(4, (long)page.Severity).Set(5, page.Code).Set(6, page.Summary).Set(7, at).Run();
    }
}
