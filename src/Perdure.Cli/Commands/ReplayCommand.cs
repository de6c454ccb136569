using System.CommandLine;
using System.Text.Json;
using Perdure.Simulation.Replaying;

namespace Perdure.Cli.Commands;

/// <summary><c>perdure replay</c></summary>
internal static class ReplayCommand
{
    internal static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Command()
    {
        var histories = new Option<string>("--histories") { Description = "The file that `perdure history export` wrote.", Required = true, HelpName = "FILE" };
        var assembly = new Option<string>("--assembly") { Description = "The assembly with today's workflows, what it needs beside it.", Required = true, HelpName = "WORKFLOWS.dll" };
        var workflow = new Option<string?>("--workflow") { Description = "Only instances of this workflow.", HelpName = "NAME" };
        var json = new Option<bool>("--json") { Description = "The report as JSON on the standard output." };
        var command = new Command("replay", "Runs recorded histories against today's code and reports every divergence. Exit code 1 where one would break: a gate for a deployment.") { histories, assembly, workflow, json };
        command.SetAction(parsed => ExitCode.Of(() => Run(parsed.GetRequiredValue(histories), parsed.GetRequiredValue(assembly), parsed.GetValue(workflow), parsed.GetValue(json))));
        return command;
    }

    private static int Run(string histories, string assembly, string? workflow, bool json)
    {
        if (!File.Exists(histories)) throw new UnusableInput($"{histories} does not exist.");
        var code = UserAssembly.Load(assembly);
        var progress = new Progress();
        var replay = HistoryReplay.AgainstAll(code.Workflows(), code.Configure);
        if (workflow is not null) replay = replay.OnlyOf(workflow);
        var report = replay.Run(RecordedHistory.Read(histories), r => progress.Say(() => $"{r.Instances:N0} instances, {r.Visits:N0} visits, {r.Breaks:N0} break"));
        if (report is { Instances: 0, Breaks: 0 }) throw new UnusableInput($"There was nothing to replay: {histories} has no instance{(workflow is null ? " of a workflow in the assembly" : $" of {workflow}")}.");
        Console.WriteLine(json ? JsonSerializer.Serialize(report, Json) : report.ToString());
        return report.Passed ? ExitCode.Passed : ExitCode.Breaks;
    }
}
