using System.Text;
using Perdure.Kernel;
using Perdure.Replay;
using Perdure.Runtime;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Exploring;
using Perdure.Simulation.Faults;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Operations;

/// <summary>What a test gives in the place of an operation.</summary>
internal sealed record Stand(Func<PayloadCodec, Payload, Payload> Run, Action<PayloadCodec, Payload> Undo);

/// <summary>Told of user code that has left the world.</summary>
internal interface IEscapes
{
    /// <summary>How long it is waited for, in real time.</summary>
    TimeSpan Patience { get; }
    /// <summary>Code of an instance has left the world.</summary>
    void Escaped(InstanceId instance, string what);
}

/// <summary>
/// How operations end in a simulated world: they take time, fail before their effect or after it, or are not heard of again while their effect is still on its way. The effect itself is the
/// downstream's and does not die with the node.
/// </summary>
internal sealed partial class SimulatedOperations(Schedule schedule, Streams chance, FaultMix faults, IActor node, Ledger ledger, IReadOnlyDictionary<Type, Stand> stands, IOperations real, DateTimeOffset begins, IEscapes escapes, Choices? choices) : IOperations
{
    private const long Millisecond = TimeSpan.TicksPerMillisecond;

    public Task<Payload> Run(CarriedStep step, PayloadCodec codec, Payload input, Attempt attempt)
    {
        if (step.Handle.IsTransacted) return RunInside(step, codec, input, attempt);
        var answer = new TaskCompletionSource<Payload>();
        Watch(attempt, answer);
        var entry = Entry(step, attempt, input, undo: false);
        if (step.Handle.AtMostOnce) ledger.Called?.Invoke(entry);
        var takes = Takes(entry.Instance);
        var outcome = choices?.Of(entry.Step, step.Handle.Name);
        if (faults.Strikes(FaultKind.OperationFailsBefore, null, entry.Instance)) After(takes, step, " fails", () => answer.TrySetException(new TransientFailure("simulated.busy", "The downstream was busy.")));
        else if (outcome == Way.PermanentFailure || faults.Strikes(FaultKind.OperationFailsForGood, null, entry.Instance))
            After(takes, step, " fails for good", () => Refuse(entry, answer, new PermanentFailure("simulated.declined", "The downstream declined.")));
        else if (faults.Strikes(FaultKind.OperationRefused, null, entry.Instance))
            After(takes, step, " is refused", () => Refuse(entry, answer, new TransientFailure("simulated.refused", "The downstream refused.") { Conclusive = true }));
        else if (faults.Strikes(FaultKind.OperationUnknownBefore, null, entry.Instance)) After(takes, step, " is lost", () => answer.TrySetException(new UnknownOutcome("simulated.lost", "The request was lost.")));
        else if (outcome == Way.Timeout) Effect(takes, step, codec, input, attempt, entry, null);
        else if (faults.Strikes(FaultKind.OperationLate, null, entry.Instance)) Effect(takes * 2_000, step, codec, input, attempt, entry, null);      // nobody hears of it; the attempt times out
        else
        {
            var lost = outcome == Way.Unknown || faults.Strikes(FaultKind.OperationUnknownAfter, null, entry.Instance);
            Effect(takes / 2, step, codec, input, attempt, entry, (result, failure) => After(takes / 2, step, lost ? " is not heard of" : " answers", () =>
            {
                if (lost) answer.TrySetException(new UnknownOutcome("simulated.lost", "The answer was lost."));
                else if (failure is not null) answer.TrySetException(failure);
                else answer.TrySetResult(result!);
            }));
        }
        return answer.Task;
    }

    public Task Undo(CarriedStep step, PayloadCodec codec, UndoData undo, Attempt attempt)
    {
        if (step.Handle.IsTransacted) return UndoInside(step, codec, undo, attempt);
        var answer = new TaskCompletionSource<bool>();
        Watch(attempt, answer);
        var entry = Entry(step, attempt, undo.Input, undo: true);
        var takes = Takes(entry.Instance);
        if (faults.Strikes(FaultKind.UndoFails, null, entry.Instance)) After(takes, step, " undo fails", () => answer.TrySetException(new TransientFailure("simulated.busy", "The downstream was busy.")));
        else if (faults.Strikes(FaultKind.UndoUnknownBefore, null, entry.Instance)) After(takes, step, " undo is lost", () => answer.TrySetException(new UnknownOutcome("simulated.lost", "The request was lost.")));
        else if (faults.Strikes(FaultKind.UndoLate, null, entry.Instance)) UndoEffect(takes * 2_000, step, codec, undo, attempt, entry, null);
        else
        {
            var lost = faults.Strikes(FaultKind.UndoUnknownAfter, null, entry.Instance);
            var fails = !lost && faults.Strikes(FaultKind.UndoFailsAfter, null, entry.Instance);
            UndoEffect(takes / 2, step, codec, undo, attempt, entry, failure =>
            {
                if (failure is not null) answer.TrySetException(failure);
                else After(takes / 2, step, lost ? " undo is not heard of" : fails ? " undo fails behind its effect" : " undo answers", () =>
                {
                    if (lost) answer.TrySetException(new UnknownOutcome("simulated.lost", "The answer was lost."));
                    else if (fails) answer.TrySetException(new TransientFailure("simulated.half-done", "The downstream failed when it had undone it."));
                    else answer.TrySetResult(true);
                });
            });
        }
        return answer.Task;
    }

    // As every effect it takes place outside, whoever is left to hear of it.
    private void UndoEffect(long after, CarriedStep step, PayloadCodec codec, UndoData undo, Attempt attempt, LedgerEntry entry, Action<Exception?>? ended) =>
        schedule.After(after, null, ": undo", () =>
        {
            if (stands.TryGetValue(step.Type, out var stand)) ledger.Undo(entry, () => stand.Undo(codec, undo.Input));
            else
            {
                var undone = real.Undo(step, codec, undo, attempt);
                if (!Settled(undone, step, entry)) return;
                if (undone.Exception is { InnerException: { } failure })
                {
                    ended?.Invoke(failure);
                    return;
                }
                ledger.Undo(entry, () => { });
            }
            ended?.Invoke(null);
        }, step.Handle.Name);

    // The first answer to a token stands: what was done before is not refused.
    private void Refuse(LedgerEntry entry, TaskCompletionSource<Payload> answer, PerdureException refusal)
    {
        if (!ledger.Stands(entry.Token)) ledger.Refuse(entry.Token, refusal);
        answer.TrySetException(ledger.Stands(entry.Token) ? new UnknownOutcome("simulated.lost", "The answer was lost.") : refusal);
    }

    // The effect takes place outside: it happens also where the node that asked for it is gone.
    private void Effect(long after, CarriedStep step, PayloadCodec codec, Payload input, Attempt attempt, LedgerEntry entry, Action<Payload?, Exception?>? ended) =>
        schedule.After(after, null, ": effect", () =>
        {
            if (stands.TryGetValue(step.Type, out var stand))
            {
                Do(() => stand.Run(codec, input));
                return;
            }
            var run = real.Run(step, codec, input, attempt);
            if (!Settled(run, step, entry)) return;
            if (run.Exception is { InnerException: { } failure }) ended?.Invoke(null, failure);
            else if (run.IsCanceled) ended?.Invoke(null, new TransientFailure("operation.cancelled", "The attempt was cancelled."));
            else Do(() => run.Result);

            void Do(Func<Payload> effect)
            {
                Payload result;
                try
                {
                    result = ledger.Do(entry with { At = begins.AddTicks(schedule.Now) }, effect);
                }
                catch (Exception e)
                {
                    ended?.Invoke(null, e);
                    return;
                }
                ended?.Invoke(result, null);
            }
        }, step.Handle.Name);

    // Time in a world passes only on its own thread: what waits for another has left it. It is given some real time, so that the name of what came late can be told from what never comes.
    private bool Settled(Task task, CarriedStep step, LedgerEntry entry)
    {
        if (task.IsCompleted) return true;
        var ends = ((IAsyncResult)task).AsyncWaitHandle.WaitOne(escapes.Patience);
        escapes.Escaped(entry.Instance, $"The {(entry.IsUndo ? "undo of " : "")}operation '{step.Handle.Name}' {(ends ? "was completed by another thread" : $"was not completed within {escapes.Patience} of real time")}. Operations that need the world outside are replaced in a simulation.");
        return false;
    }

    /// <summary>The calls that have not come to an end.</summary>
    public IReadOnlyList<string> Open => _open.Names;

    private readonly Unanswered _open = new();

    private void Watch<T>(Attempt attempt, TaskCompletionSource<T> answer)
    {
        attempt.Cancelled.Register(() => answer.TrySetCanceled(attempt.Cancelled));
        _open.Add(attempt.Token, answer.Task);
    }

    private void After(long ticks, CarriedStep step, string what, Action happens) => schedule.After(ticks, node, what, happens, step.Handle.Name);

    // Mostly some milliseconds.
    private long Takes(InstanceId instance) => choices is not null ? Millisecond : (1 + chance.Operations.Below(20)) * Millisecond * (faults.Strikes(FaultKind.OperationSlow, null, instance) ? 100 : 1);

    private LedgerEntry Entry(CarriedStep step, Attempt attempt, Payload input, bool undo)
    {
        var token = attempt.Token;
        InstanceId.TryParse(token[..13], out var instance);
        return new(token, instance, step.Handle.Name, token[..token.LastIndexOf('.')], undo, Encoding.UTF8.GetString(input.Body.Span), null, begins.AddTicks(schedule.Now));
    }
}
