using System.Globalization;
using System.Text;
using Perdure.Kernel;

namespace Perdure.Simulation.Oracles;

/// <summary>An instance as one line: everything that its future depends on, in a fixed order.</summary>
internal static class InstanceText
{
    public static string Of(Instance i)
    {
        var text = new StringBuilder();
        void Put(string name, object? value) => text.Append(CultureInfo.InvariantCulture, $"{name}={value}; ");
        Put("state", $"{i.State}/{i.Visit}/{i.Version}");
        Put("status", i.Status);
        Put("data", Bytes(i.Data));
        Put("exit", i.Exit is { } exit ? $"{exit.To},{exit.Compensates},{exit.Restarts},{exit.DropsMessages},{Bytes(exit.Data)}" : null);
        Put("paused", i.Paused);
        Put("cancel", i.CancelRequested);
        Put("incident", i.Incident is { } incident ? $"{incident.Number},{incident.Failure.Code},{incident.Ordinal}" : null);
        Put("counts", $"{i.Intents},{i.Outcomes},{i.Incidents},{i.Recoveries},{i.VisitsAllowed},{i.Accepted}");
        Put("deadline", i.Deadline);
        Put("decided", i.Decided);
        foreach (var (name, e) in i.Journal)
            Put(name, $"{e.Kind},{e.Ordinal},{e.Generation},{e.Attempt},{e.Spent},{e.Status},{e.DoneAs},{e.EverUnknown},{e.Abandoned},{e.Due:O},{e.Failure?.Code},{Bytes(e.Input)},{Bytes(e.Result)},{e.EndedIn}");
        foreach (var (ordinal, name) in i.Outstanding) Put($"open {ordinal}", name);
        foreach (var (name, generation) in i.Generations) Put($"generation {name}", generation);
        foreach (var (ordinal, s) in i.Stack) Put($"stack {ordinal}", $"{s.Visit},{s.Name},{s.Generation},{s.IntendedAt},{s.UndoAttempt},{s.UndoRunning},{s.UndoSpent},{s.UndoDue:O}");
        foreach (var signal in i.Signals) Put($"signal {signal.Name}", signal.MessageId);
        foreach (var message in i.Messages.Order(StringComparer.Ordinal)) Put("message", message);
        return text.ToString();
    }

    private static string Bytes(Payload? payload) => payload is null ? "" : Encoding.UTF8.GetString(payload.Body.Span);
}
