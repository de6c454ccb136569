using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>How a turn went, to whoever waits for it. Called once, on the lane, after what it says is durable.</summary>
internal abstract class Reply
{
    public abstract void Committed(Turn turn);
    public abstract void Refused(Refusal refusal);
    public abstract void NotWritten(ItemAnswer answer);
    public abstract void Unavailable(string code, string message);
    /// <summary>It is the engine's own and learns how the turn ends, also where that is written only later. A caller is told at once and asks again.</summary>
    public virtual bool Outlives => false;
    public virtual void NotFound() => Unavailable("instance.none", "There is no such instance.");
}

/// <summary>A reply whose caller awaits a task and goes on off the lane.</summary>
internal abstract class AwaitedReply<TAnswer>(INodeShell shell) : Reply, IThreadPoolWorkItem
{
    private readonly TaskCompletionSource<TAnswer> _source = new();
    private TAnswer? _answer;

    public Task<TAnswer> Task => _source.Task;

    protected virtual void Answer(TAnswer answer)
    {
        _answer = answer;
        shell.Dispatch(this);
    }

    void IThreadPoolWorkItem.Execute() => _source.TrySetResult(_answer!);
}

/// <summary>Answers a command.</summary>
internal sealed class CommandReply(INodeShell shell) : AwaitedReply<CommandAnswer>(shell)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    public override void Committed(Turn turn) => Answer(new CommandAnswer.Done(turn.Events.Count > 0));
    public override void Refused(Refusal refusal) => Answer(new CommandAnswer.Refused(refusal.Wire, refusal.Message));
    public override void NotFound() => Answer(new CommandAnswer.NotFound());
    public override void Unavailable(string code, string message) => Answer(new CommandAnswer.Unavailable(code, message, Soon));

    public override void NotWritten(ItemAnswer answer) => Answer(Of(answer));

    /// <summary>Another node has answered.</summary>
    public void Answered(CommandAnswer answer) => Answer(answer);

    /// <summary>What it means to the caller that a command's turn was not written.</summary>
    internal static CommandAnswer Of(ItemAnswer answer) => answer switch
    {
        ItemAnswer.Duplicate { What: ItemAnswer.Duplicate.Message } => new CommandAnswer.Done(false),
        // Of a child's start, which comes as a command: it runs already, or has ended.
        ItemAnswer.KeyTaken => new CommandAnswer.Done(false),
        ItemAnswer.BusinessKeyTaken(var holder) => new CommandAnswer.Refused(ChildLetter.KeyTaken, ChildLetter.TakenBy(holder)),
        ItemAnswer.Refused(var reason) when reason.StartsWith(ChildLetter.MapOlder, StringComparison.Ordinal) => new CommandAnswer.Unavailable(ChildLetter.MapOlder, reason, Soon),
        ItemAnswer.Refused refused => new CommandAnswer.Refused("store.refused", refused.Reason),
        _ => new CommandAnswer.Unavailable("store.retry", "It was not written; try again.", Soon),
    };
}

/// <summary>Answers a start.</summary>
internal class StartReply(INodeShell shell, string workflow, int version, PreparedStart start) : AwaitedReply<StartAnswer>(shell)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    public override void Committed(Turn turn) => Answer(new StartAnswer.Accepted(turn.Hot.Id, workflow, version, start.RequestKey, turn.At, Created: true));
    public override void Refused(Refusal refusal) => Answer(new StartAnswer.Invalid([new("$", refusal.Message)]));
    public override void Unavailable(string code, string message) => Answer(new StartAnswer.Unavailable(code, message, Soon));

    /// <summary>Another node has answered.</summary>
    public void Answered(StartAnswer answer) => Answer(answer);

    public override void NotWritten(ItemAnswer answer) => Answer(answer switch
    {
        ItemAnswer.KeyTaken(var taken) when taken.PayloadHash.Span.SequenceEqual(start.PayloadHash.Span) =>
            new StartAnswer.Accepted(taken.Instance, workflow, taken.WorkflowVersion, start.RequestKey, taken.CreatedAt, Created: false),
        ItemAnswer.KeyTaken(var taken) => new StartAnswer.KeyReused(taken.Instance),
        ItemAnswer.BusinessKeyTaken(var instance) => new StartAnswer.BusinessKeyTaken(instance, start.BusinessKey ?? ""),
        ItemAnswer.Refused(var reason) => new StartAnswer.Unavailable(reason.StartsWith(ChildLetter.MapOlder, StringComparison.Ordinal) ? ChildLetter.MapOlder : "store.refused", reason, Soon),
        _ => new StartAnswer.Unavailable("store.retry", "It was not written; try again under the same key.", Soon),
    });
}
