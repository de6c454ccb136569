using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Perdure.Simulation;
using Perdure.Simulation.Replaying;

namespace Perdure.Cli.Commands;

/// <summary><c>perdure simulate</c></summary>
internal static class SimulateCommand
{
    private sealed record Asked(string Assembly, string Workflow, int Seeds, ulong Seed, int? Nodes, string? Inputs, string? Simulation, bool Json);

    public static Command Command()
    {
        var assembly = new Option<string>("--assembly") { Description = "The assembly with the workflow, what it needs beside it.", Required = true, HelpName = "WORKFLOWS.dll" };
        var workflow = new Option<string>("--workflow") { Description = "The workflow's name: it chooses the simulation that starts it.", Required = true, HelpName = "NAME" };
        var seeds = new Option<int>("--seeds") { Description = "How many seeds to run.", HelpName = "N", DefaultValueFactory = _ => 1_000 };
        var seed = new Option<ulong>("--seed") { Description = "The first of them.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var nodes = new Option<int?>("--nodes") { Description = "How many nodes share the instances; otherwise as the simulation says, or 3 with --inputs.", HelpName = "N" };
        var inputs = new Option<string?>("--inputs") { Description = "A JSON array of sample inputs. Operations then give made-up outputs.", HelpName = "FILE.json" };
        var simulation = new Option<string?>("--simulation") { Description = "Which simulation, where the assembly has several of the workflow: Class.Method.", HelpName = "NAME" };
        var json = new Option<bool>("--json") { Description = "The report as JSON on the standard output." };
        var command = new Command("simulate", """
            Runs a workflow on the real runtime in simulated worlds: virtual time, and the faults that production brings, from a seed. The assembly says what is simulated by a public static
            method or property that returns Simulate; without one, give sample inputs. Ctrl-C ends it after the seed that runs, and what was found is reported.
            """) { assembly, workflow, seeds, seed, nodes, inputs, simulation, json };
        command.SetAction(parsed => ExitCode.Of(() => Run(new(parsed.GetRequiredValue(assembly), parsed.GetRequiredValue(workflow), parsed.GetValue(seeds), parsed.GetValue(seed), parsed.GetValue(nodes),
            parsed.GetValue(inputs), parsed.GetValue(simulation), parsed.GetValue(json)))));
        return command;
    }

    private static int Run(Asked asked)
    {
        if (asked.Seeds < 1) throw new UnusableInput("--seeds must be at least 1.");
        if (asked.Nodes is < 1) throw new UnusableInput("--nodes must be at least 1.");
        var simulation = Simulation(asked, UserAssembly.Load(asked.Assembly));
        if (asked.Nodes is { } nodes) simulation = simulation.Nodes(nodes);

        using var interruption = new Interruption();
        var stop = interruption.Token;
        var began = Stopwatch.GetTimestamp();
        var progress = new Progress();
        var report = simulation.Run(asked.Seeds, asked.Seed, r => progress.Say(() => Line(r, began)), stop);
        progress.End(Line(report, began));

        var code = report.Failed is not { } failed ? ExitCode.Passed : failed.Violation!.Oracle == "liveness" ? ExitCode.LostLiveness : ExitCode.Breaks;
        var reproduce = report.Failed is { } broken ? Reproduce(asked, broken.Seed) : null;
        if (asked.Json)
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                report.Passed, Stopped = stop.IsCancellationRequested, report.Seeds, report.Events, VirtualHours = report.Time.TotalHours, Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds,
                FailedSeed = report.Failed?.Seed, Oracle = report.Failed?.Violation!.Oracle, Message = report.Failed?.Violation!.Seen, Reproduce = reproduce,
            }, ReplayCommand.Json));
        else
        {
            Console.WriteLine(report.ToString());
            if (stop.IsCancellationRequested) Console.WriteLine($"Stopped after {report.Seeds} of {asked.Seeds} seeds.");
            if (reproduce is not null) Console.WriteLine($"Again: {reproduce}");
        }
        return code;
    }

    private static Simulate Simulation(Asked asked, UserAssembly code)
    {
        if (asked.Inputs is { } inputs) return SimulatedWorkflow.Of(Workflow(asked, code), Samples(inputs), code.Configure).Nodes(3);
        _ = Workflow(asked, code);
        var all = code.Simulations();
        if (all.Count == 0)
            throw new UnusableInput("The assembly has no simulation: no public static method or property that returns Simulate. Write one, or give sample inputs with --inputs.");
        var named = asked.Simulation is { } name ? all.Where(s => s.Name == name).ToList() : all;
        if (named.Count == 0) throw new UnusableInput($"The assembly has no simulation {asked.Simulation}. It has: {Names(all)}.");
        // Its workflow chooses a simulation; --simulation chooses of several.
        var fit = named.Select(s => (s.Name, Simulation: s.Make())).Where(s => s.Simulation.Started.Contains(asked.Workflow)).ToList();
        return fit.Count switch
        {
            1 => fit[0].Simulation,
            0 => throw new UnusableInput($"No simulation starts {asked.Workflow}: neither does {Names(named)}. Write one, or give sample inputs with --inputs."),
            _ => throw new UnusableInput($"The assembly has several simulations of {asked.Workflow}; choose one with --simulation: {string.Join(", ", fit.Select(s => s.Name))}."),
        };
    }

    private static string Names(IEnumerable<(string Name, Func<Simulate> Make)> simulations) => string.Join(", ", simulations.Select(s => s.Name));

    private static Type Workflow(Asked asked, UserAssembly code)
    {
        var named = HistoryReplay.Named(code.Workflows(), code.Configure);
        return named.Where(n => n.Name == asked.Workflow).OrderByDescending(n => n.Version).Select(n => n.Type).FirstOrDefault()
            ?? throw new UnusableInput($"The assembly has no workflow \"{asked.Workflow}\". It has: {string.Join(", ", named.Select(n => n.Name).Distinct())}.");
    }

    internal static List<JsonNode> Samples(string path)
    {
        if (!File.Exists(path)) throw new UnusableInput($"{path} does not exist.");
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) is JsonArray { Count: > 0 } array && array.All(item => item is not null)
                ? [.. array.Select(item => item!.DeepClone())]
                : throw new UnusableInput($"{path} must hold a JSON array of inputs, and at least one.");
        }
        catch (JsonException e)
        {
            throw new UnusableInput($"{path} is not JSON: {e.Message}");
        }
    }

    private static string Line(SimulationReport report, long began) => string.Create(CultureInfo.InvariantCulture,
        $"{report.Seeds:N0} seeds, {report.Events / Stopwatch.GetElapsedTime(began).TotalSeconds:N0} events/s, {report.Time.TotalHours:N1} virtual hours");

    private static string Reproduce(Asked asked, ulong seed) => string.Create(CultureInfo.InvariantCulture,
        $"perdure simulate --assembly {Quoted(asked.Assembly)} --workflow {asked.Workflow} --seeds 1 --seed {seed}")
        + (asked.Nodes is { } nodes ? string.Create(CultureInfo.InvariantCulture, $" --nodes {nodes}") : "")
        + (asked.Inputs is { } inputs ? $" --inputs {Quoted(inputs)}" : "") + (asked.Simulation is { } name ? $" --simulation {name}" : "");

    private static string Quoted(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path;
}
