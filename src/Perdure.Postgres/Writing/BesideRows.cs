using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Writing;

/// <summary>The rows beside a group's records: timers, messages to others, pages.</summary>
internal sealed class BesideRows(BesideColumns columns)
{
    private readonly Dictionary<(long Instance, TimerId Timer), (int Lane, long? Due)> _timers = [];

    public void Clear() => _timers.Clear();

    /// <summary>What the item keeps and forgets. Of one timer the last that is said of it in a group counts.</summary>
    public void Add(Item item, int lane, int state, long at)
    {
        var id = item.Instance.Value;
        for (var i = 0; i < item.TimersCleared.Count; i++) _timers[(id, item.TimersCleared[i])] = (lane, null);
        for (var i = 0; i < item.TimersSet.Count; i++) _timers[(id, item.TimersSet[i].Timer)] = (lane, Milliseconds(item.TimersSet[i].Due));
        for (var i = 0; i < item.Outbox.Count; i++) Send(item.Outbox[i], lane);
        if (item.OutboxDone is { } done) Arrived(item, done);
        for (var i = 0; i < item.Pages.Count; i++) Raise(item.Pages[i], id, state, at);
    }

    // It leaves from the lane of its sender: whoever takes that lane over sends on what was not sent.
    private void Send(OutboxMessage message, int lane)
    {
        // Under a number that is no lane's a letter is out of sight of builds that would take it for the end of a child.
        columns.OutLane.Add((short)(message.IsLetter ? -1 - lane : lane));
        columns.OutReceiver.Add(message.To.Value);
        columns.OutMessage.Add(StoredText.Of(message.MessageId));
        columns.OutOrdinal.Add(message.Ordinal);
        columns.OutState.Add(StoredText.Of(message.State));
        columns.OutType.Add(StoredText.Of(message.Result.Type));
        columns.OutSchema.Add(StoredText.Of(message.Result.Schema));
        columns.OutCodec.Add(StoredText.Of(message.Result.Codec));
        columns.OutBody.Add(message.Result.Body);
    }

    /// <summary>A message has arrived with this item and leaves the outbox.</summary>
    public void Arrived(Item item, string messageId)
    {
        columns.ArrivedReceiver.Add(item.OutboxDoneOf.Value);
        columns.ArrivedMessage.Add(StoredText.Of(messageId));
    }

    private void Raise(Page page, long instance, int state, long at)
    {
        columns.PageKey.Add(StoredText.Of(page.Key));
        columns.PageInstance.Add(instance);
        columns.PageState.Add(state);
        columns.PageSeverity.Add((short)page.Severity);
        columns.PageCode.Add(StoredText.Of(page.Code));
        columns.PageSummary.Add(StoredText.Of(page.Summary));
        columns.PageRaised.Add(at);
    }

    /// <summary>The timers as rows.</summary>
    public void Write()
    {
        foreach (var ((instance, timer), (lane, due)) in _timers)
        {
            if (due is { } moment)
            {
                columns.TimerLane.Add((short)lane);
                columns.TimerInstance.Add(instance);
                columns.TimerKind.Add((short)timer.Kind);
                columns.TimerOrdinal.Add(timer.Ordinal);
                columns.TimerDue.Add(moment);
            }
            else
            {
                columns.ClearInstance.Add(instance);
                columns.ClearKind.Add((short)timer.Kind);
                columns.ClearOrdinal.Add(timer.Ordinal);
            }
        }
    }

    // A timer must never fire early, so that a part of a millisecond counts as a whole one.
    private static long Milliseconds(DateTimeOffset due)
    {
        var whole = due.ToUnixTimeMilliseconds();
        return due.Ticks % TimeSpan.TicksPerMillisecond == 0 ? whole : whole + 1;
    }
}
