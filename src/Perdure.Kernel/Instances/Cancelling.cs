namespace Perdure.Kernel;

/// <summary>How an instance is cancelled: whatever it does or waits for, everything is undone and it ends.</summary>
internal static class Cancelling
{
    public static void Cancel(Turn turn, Command.Cancel command)
    {
        var instance = turn.Instance;
        if (instance.CancelRequested || (instance.Ended && instance.State == turn.Map.CancelsTo)) return;
        if (instance.Ended)
        {
            turn.Refuse(RefusalCode.InstanceEnded, $"The instance ended in '{instance.State}'.");
            return;
        }
        if (command.Data?.Body.Length > turn.Limits.PayloadBytes)
        {
            turn.Refuse(RefusalCode.PayloadTooLarge, $"The data has {command.Data.Body.Length} bytes; {turn.Limits.PayloadBytes} are allowed.");
            return;
        }

        var halted = instance.Halted;
        if (instance.Paused) turn.Emit(new Resumed(command.By));
        turn.Emit(new CancelRequested(command.By, command.Reason));
        if (instance.Exit is not { Compensates: true, Restarts: false }) Exits.Begin(turn, turn.Map.CancelsTo, command.Data, compensates: true);
        // After the exit began, so that nothing which the incident stopped is started again.
        if (instance.Incident is { } incident) turn.Emit(new IncidentResolved(incident.Number, command.By, RetryMode.Again));
        if (halted) Pausing.Proceed(turn);
        else Exits.Advance(turn);
    }
}
