using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>A turn as the rows that the store writes.</summary>
internal static class Rows
{
    public static Item Of(Turn turn, byte[] body, byte[] hash)
    {
        var (before, after) = (turn.Before, turn.After!);
        List<TransitionRow>? transitions = null;
        foreach (var @event in turn.Events)
            if (@event is Transitioned t) (transitions ??= []).Add(new(t.Visit, t.From, t.To));

        List<Effect.KeepToken>? tokens = null;
        List<int>? left = null;
        List<Effect.SetTimer>? set = null;
        List<TimerId>? cleared = null;
        List<string>? messages = null;
        var outbox = turn.Messages;
        List<Page>? pages = null;
        var settles = false;
        foreach (var effect in turn.Effects)
        {
            switch (effect)
            {
                case Effect.KeepToken token: (tokens ??= new(1)).Add(token); break;
                case Effect.LeaveStack leave: (left ??= []).Add(leave.Ordinal); break;
                case Effect.SettleStack: settles = true; break;
                case Effect.SetTimer timer: (set ??= []).Add(timer); cleared?.Remove(timer.Timer); break;
                case Effect.ClearTimer timer: (cleared ??= []).Add(timer.Timer); set?.RemoveAll(s => s.Timer == timer.Timer); break;
                case Effect.KeepMessage message: (messages ??= []).Add(message.MessageId); break;
                case Effect.RaisePage page: (pages ??= []).Add(page.Page); break;
            }
        }
        return new()
        {
            Instance = after.Id,
            Workflow = after.Workflow,
            WorkflowVersion = after.WorkflowVersion,
            Start = before is not null ? null : new(after.Namespace, after.RequestKey, turn.Start!.PayloadHash, after.BusinessKey, turn.Start.Salt,
                after.Parent, after.TraceParent, after.Priority, after.Attributes) { Map = turn.Start.Map },
            Version = after.Version,
            At = turn.At,
            Body = body,
            Hash = hash,
            StateBefore = before?.State,
            StateAfter = after.State,
            StatusBefore = before?.Status,
            StatusAfter = after.Status,
            Transitions = transitions ?? (IReadOnlyList<TransitionRow>)[],
            Tokens = tokens ?? (IReadOnlyList<Effect.KeepToken>)[],
            LeftStack = left ?? (IReadOnlyList<int>)[],
            SettlesStack = settles,
            HadStack = before is { Stack.IsEmpty: false },
            TimersSet = set ?? (IReadOnlyList<Effect.SetTimer>)[],
            TimersCleared = cleared ?? (IReadOnlyList<TimerId>)[],
            Messages = messages ?? (IReadOnlyList<string>)[],
            Outbox = outbox ?? (IReadOnlyList<OutboxMessage>)[],
            OutboxDone = turn.OutboxDone,
            OutboxDoneOf = turn.OutboxDoneOf ?? after.Id,
            Pages = pages ?? (IReadOnlyList<Page>)[],
        };
    }
}
