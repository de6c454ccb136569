using Perdure.Kernel;
using Perdure.Replay;
using Perdure.Runtime;
using Perdure.Simulation.Database;
using Perdure.Simulation.Exploring;
using Perdure.Simulation.Faults;

namespace Perdure.Simulation.Operations;

/// <summary>
/// Operations that run inside of a transaction of the store. What stands in their place says what comes of it; the effect is in the ledger once the transaction is durable, with the record, and not
/// before. Whatever else ends the attempt has left nothing behind.
/// </summary>
internal sealed partial class SimulatedOperations
{
    private Task<Payload> RunInside(CarriedStep step, PayloadCodec codec, Payload input, Attempt attempt)
    {
        var answer = new TaskCompletionSource<Payload>();
        Watch(attempt, answer);
        var (entry, transaction) = (Entry(step, attempt, input, undo: false), SimulatedTransaction.Of(attempt));
        var outcome = choices?.Of(entry.Step, step.Handle.Name);
        if (outcome == Way.Timeout || faults.Strikes(FaultKind.OperationLate, null, entry.Instance)) return answer.Task;
        After(Takes(entry.Instance), step, " ends", () =>
        {
            if (faults.Strikes(FaultKind.OperationFailsBefore, null, entry.Instance)) answer.TrySetException(new TransientFailure("simulated.busy", "The database was busy."));
            else if (outcome == Way.PermanentFailure || faults.Strikes(FaultKind.OperationFailsForGood, null, entry.Instance)) answer.TrySetException(new PermanentFailure("simulated.declined", "The database declined."));
            else if (outcome == Way.Unknown || faults.Strikes(FaultKind.OperationUnknownBefore, null, entry.Instance) || faults.Strikes(FaultKind.OperationUnknownAfter, null, entry.Instance))
                answer.TrySetException(new UnknownOutcome("simulated.lost", "The connection was lost."));
            else Stand(step, answer, stand =>
            {
                var result = stand.Run(codec, input);
                transaction.Effect = () => ledger.Do(entry with { At = begins.AddTicks(schedule.Now) }, () => result);
                answer.TrySetResult(result);
            });
        });
        return answer.Task;
    }

    private Task UndoInside(CarriedStep step, PayloadCodec codec, UndoData undo, Attempt attempt)
    {
        if (undo.Output is null) return Task.CompletedTask;
        var answer = new TaskCompletionSource<Payload>();
        Watch(attempt, answer);
        var (entry, transaction) = (Entry(step, attempt, undo.Input, undo: true), SimulatedTransaction.Of(attempt));
        if (faults.Strikes(FaultKind.UndoLate, null, entry.Instance)) return answer.Task;
        After(Takes(entry.Instance), step, " undo ends", () =>
        {
            if (faults.Strikes(FaultKind.UndoFails, null, entry.Instance) || faults.Strikes(FaultKind.UndoFailsAfter, null, entry.Instance)) answer.TrySetException(new TransientFailure("simulated.busy", "The database was busy."));
            else if (faults.Strikes(FaultKind.UndoUnknownBefore, null, entry.Instance) || faults.Strikes(FaultKind.UndoUnknownAfter, null, entry.Instance))
                answer.TrySetException(new UnknownOutcome("simulated.lost", "The connection was lost."));
            else Stand(step, answer, stand =>
            {
                transaction.Effect = () => ledger.Undo(entry with { At = begins.AddTicks(schedule.Now) }, () => stand.Undo(codec, undo.Input));
                answer.TrySetResult(undo.Input);
            });
        });
        return answer.Task;
    }

    private void Stand(CarriedStep step, TaskCompletionSource<Payload> answer, Action<Stand> ends)
    {
        if (!stands.TryGetValue(step.Type, out var stand))
        {
            answer.TrySetException(new PermanentFailure("simulated.no-database", $"\"{step.Handle.Name}\" runs inside of a transaction, and a simulation has no database of yours: give what stands in its place with Replace."));
            return;
        }
        try
        {
            ends(stand);
        }
        catch (Exception e)
        {
            answer.TrySetException(e);
        }
    }
}
