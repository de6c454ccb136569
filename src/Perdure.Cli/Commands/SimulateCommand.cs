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
    private sealed record Asked(string Assembly, string Workflow, int Seeds, ulong Seed, int? Nodes, string? Inputs, string? Simulation, bool Json)
    {
        public string? Again { get; init; }
        public string? Html { get; init; }
    }

    public static Command Command()
    {
        var assembly = new Option<string>("--assembly") { Description = "The assembly with the workflow, what it needs beside it.", Required = true, HelpName = "WORKFLOWS.dll" };
        var workflow = new Option<string>("--workflow") { Description = "The workflow's name: it chooses the simulation that starts it.", Required = true, HelpName = "NAME" };
        var seeds = new Option<int>("--seeds") { Description = "How many seeds to run.", HelpName = "N", DefaultValueFactory = _ => 1_000 };
        var seed = new Option<ulong>("--seed") { Description = "The first of them.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var nodes = new Option<int?>("--nodes") { Description = "How many nodes share the instances; otherwise as the simulation says, or 3 with --inputs.", HelpName = "N" };
        var inputs = new Option<string?>("--inputs") { Description = "A JSON array of sample inputs. Operations then give made-up outputs.", HelpName = "FILE.json" };
        var simulation = new Option<string?>("--simulation") { Description = "Which simulation, where the assembly has several of the workflow: Class.Method.", HelpName = "NAME" };
        var again = new Option<string?>("--again") { Description = "Runs again what a report says behind \"Again: build=…\": a minimised failure.", HelpName = "RECIPE" };
        var html = new Option<string?>("--html") { Description = "Where a failure is written as a page, with a lane for each node, the store and each instance.", HelpName = "FILE.html" };
        var json = new Option<bool>("--json") { Description = "The report as JSON on the standard output." };
        var command = new Command("simulate", """
            Runs a workflow on the real runtime in simulated worlds: virtual time, and the faults that production brings, from a seed. The assembly says what is simulated by a public static
            method or property that returns Simulate; without one, give sample inputs. Ctrl-C ends it after the seed that runs, and what was found is reported.
            """) { assembly, workflow, seeds, seed, nodes, inputs, simulation, again, html, json };
        command.SetAction(parsed => ExitCode.Of(() =>
        {
            if (parsed.GetValue(again) is not null && ((Option[])[seeds, seed, nodes]).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } also)
                throw new UnusableInput($"A recipe says which seed and how many nodes: {also.Name} cannot be given with --again.");
            return Run(new(parsed.GetRequiredValue(assembly), parsed.GetRequiredValue(workflow), parsed.GetValue(seeds), parsed.GetValue(seed), parsed.GetValue(nodes), parsed.GetValue(inputs), parsed.GetValue(simulation),
                parsed.GetValue(json)) { Again = parsed.GetValue(again), Html = parsed.GetValue(html) });
        }));
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
        var failureTold = false;
        var report = asked.Again is { } recipe ? simulation.Again(recipe) : simulation.Run(asked.Seeds, asked.Seed, Told, stop);
        progress.End(Line(report, began));

        // A run that was stopped before its first seed had come to its end has shown nothing.
        var code = report.Passed ? ExitCode.Passed : report.Failed?.Violation is { Oracle: "liveness", IsInvariant: false } ? ExitCode.LostLiveness : ExitCode.Breaks;
        var reproduce = report.Failed is { } broken ? asked.Again is { } given ? Reproduce(asked, Again(given)) : Reproduce(asked, Seed(asked, broken.Seed)) : null;
        var minimised = asked.Again is null && report.Line is { } line ? Reproduce(asked, Again(line)) : null;
        if (asked.Html is { } html && report.Failed is not null) report.WriteHtml(html);
        if (asked.Json)
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                report.Passed, Stopped = stop.IsCancellationRequested, report.Seeds, report.Events, VirtualHours = report.Time.TotalHours, Seconds = Stopwatch.GetElapsedTime(began).TotalSeconds,
                FailedSeed = report.Failed?.Seed, Oracle = report.Failed?.Violation!.Oracle, Message = report.Failed?.Violation!.Seen, Reproduce = reproduce,
                Repeats = report.Failed?.Repeats, Recipe = report.Line,
            }, ReplayCommand.Json));
        else
        {
            Console.WriteLine(report.ToString());
            if (stop.IsCancellationRequested) Console.WriteLine($"Stopped after {report.Seeds} of {asked.Seeds} seeds.");
            if (reproduce is not null) Console.WriteLine($"Again: {reproduce}");
            if (minimised is not null) Console.WriteLine($"Again, minimised: {minimised}");
        }
        return code;

        // Of a failure at once: whoever does not wait until it is minimised has it all the same.
        void Told(SimulationReport so)
        {
            if (so.Failed is { Violation: { } violation } seed && !failureTold)
            {
                failureTold = true;
                progress.Tell($"Seed {seed.Seed} failed: {violation.Message}");
            }
            else progress.Say(() => Line(so, began));
        }
    }

    private static Simulate Simulation(Asked asked, UserAssembly code)
    {
        if (asked is { Inputs: not null, Simulation: not null }) throw new UnusableInput("Give --inputs or --simulation: a simulation of the assembly has inputs of its own.");
        if (asked.Inputs is { } inputs) return SimulatedWorkflow.Of(Workflow(asked, code), Samples(inputs), code.Configure).Nodes(3);
        _ = Workflow(asked, code);
        var all = code.Simulations();
        if (all.Count == 0)
            throw new UnusableInput("The assembly has no simulation: no public static method or property that returns Simulate. Write one, or give sample inputs with --inputs.");
        var named = asked.Simulation is { } name ? all.Where(s => s.Name == name).ToList() : all;
        if (named.Count == 0) throw new UnusableInput($"The assembly has no simulation {asked.Simulation}. It has: {Names(all)}.");
        // Its workflow chooses a simulation; --simulation chooses of several.
        var made = named.Select(s => (s.Name, Made: Make(s))).ToList();
        var broken = string.Concat(made.Where(m => m.Made.Why is not null).Select(m => $" {m.Name} cannot be made: {m.Made.Why}"));
        var fit = made.Where(m => m.Made.Simulation?.Started.Contains(asked.Workflow) == true).Select(m => (m.Name, Simulation: m.Made.Simulation!)).ToList();
        return fit.Count switch
        {
            1 => fit[0].Simulation,
            0 => throw new UnusableInput($"No simulation starts {asked.Workflow}: neither does {Names(named)}. Write one, or give sample inputs with --inputs.{broken}"),
            _ => throw new UnusableInput($"The assembly has several simulations of {asked.Workflow}; choose one with --simulation: {string.Join(", ", fit.Select(s => s.Name))}."),
        };
    }

    // One that cannot be made may be that of another workflow.
    private static (Simulate? Simulation, string? Why) Make((string Name, Func<Simulate> Make) simulation)
    {
        try
        {
            return (simulation.Make(), null);
        }
        catch (Exception e)
        {
            return (null, ExitCode.Root(e).Message);
        }
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

    private static string Reproduce(Asked asked, string which) => $"perdure simulate --assembly {Quoted(asked.Assembly)} --workflow {asked.Workflow} {which}"
        + (asked.Inputs is { } inputs ? $" --inputs {Quoted(inputs)}" : "") + (asked.Simulation is { } name ? $" --simulation {name}" : "");

    private static string Seed(Asked asked, ulong seed) => string.Create(CultureInfo.InvariantCulture, $"--seeds 1 --seed {seed}{(asked.Nodes is { } nodes ? $" --nodes {nodes}" : "")}");

    private static string Again(string recipe) => $"--again \"{recipe}\"";

    private static string Quoted(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path;
}
