using System.CommandLine;
using System.Globalization;
using Perdure.Simulation;
using Perdure.Simulation.Replaying;
using Perdure.Simulation.Stressing;
using Perdure.Sqlite;

namespace Perdure.Cli.Commands;

/// <summary><c>perdure stress</c></summary>
internal static class StressCommand
{
    private sealed record Asked(string Assembly, string? Workflow, string? Operation, string? Stress, string? Inputs, ulong Seed, bool Real, bool Json)
    {
        public string? Rate { get; init; }
        public string? For { get; init; }
        public string? WarmUp { get; init; }
        public string? Latency { get; init; }
        public string? Faults { get; init; }
        public string? P99 { get; init; }
        public int? Concurrency { get; init; }
        public bool Constant { get; init; }
    }

    public static Command Command()
    {
        var assembly = new Option<string>("--assembly") { Description = "The assembly with the code, what it needs beside it.", Required = true, HelpName = "CODE.dll" };
        var workflow = new Option<string?>("--workflow") { Description = "A workflow by its name; each arrival is an instance.", HelpName = "NAME" };
        var operation = new Option<string?>("--operation") { Description = "An operation by its name; each arrival is an attempt.", HelpName = "NAME" };
        var stress = new Option<string?>("--stress") { Description = "A stress test of the assembly, a public static method or property that returns Stress: Class.Method.", HelpName = "NAME" };
        var inputs = new Option<string?>("--inputs") { Description = "A JSON array of sample inputs; {n} in a string becomes the arrival's number.", HelpName = "FILE.json" };
        var rate = new Option<string?>("--rate") { Description = "Arrivals in a second, or a ramp FROM:TO:STEP that ends where it saturates.", HelpName = "N" };
        var time = new Option<string?>("--for") { Description = "How long each rate is measured; 1m unless given.", HelpName = "TIME" };
        var warmUp = new Option<string?>("--warm-up") { Description = "How long arrivals come before that; a tenth of it unless given.", HelpName = "TIME" };
        var concurrency = new Option<int?>("--concurrency") { Description = "How many are under way at once; otherwise what the operation declares.", HelpName = "N" };
        var latency = new Option<string?>("--latency") { Description = "What every attempt takes more: 50ms, uniform:LOW:HIGH, lognormal:MEDIAN:P99, pareto:LEAST:MOST[:EXPONENT].", HelpName = "SPEC" };
        var faults = new Option<string?>("--faults") { Description = "Shares of attempts that fail: transient, permanent, unknown, timeout.", HelpName = "KIND=SHARE,…" };
        var p99 = new Option<string?>("--p99") { Description = "A rate whose p99 is above that does not stand.", HelpName = "TIME" };
        var constant = new Option<bool>("--constant") { Description = "Arrivals at equal distances instead of Poisson's." };
        var seed = new Option<ulong>("--seed") { Description = "Of arrivals, inputs, latencies and faults.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var real = new Option<bool>("--real") { Description = "In real time: operations run as they are, a workflow on a SQLite file that is removed afterwards. Otherwise time is virtual and operations give made-up outputs." };
        var json = new Option<bool>("--json") { Description = "The report as JSON on the standard output." };
        var command = new Command("stress", """
            Puts an operation or a workflow under load, away from production data: where does throughput no longer follow the arrivals, or p99 exceed its bound? Ends with 1 where a rate does not
            stand. Ctrl-C ends it, and what was measured is reported; a rate that was not measured to its end has not stood.
            """) { assembly, workflow, operation, stress, inputs, rate, time, warmUp, concurrency, latency, faults, p99, constant, seed, real, json };
        command.SetAction(parsed => ExitCode.Of(() => Run(new(parsed.GetRequiredValue(assembly), parsed.GetValue(workflow), parsed.GetValue(operation), parsed.GetValue(stress), parsed.GetValue(inputs),
            parsed.GetValue(seed), parsed.GetValue(real), parsed.GetValue(json))
        {
            Rate = parsed.GetValue(rate), For = parsed.GetValue(time), WarmUp = parsed.GetValue(warmUp), Latency = parsed.GetValue(latency), Faults = parsed.GetValue(faults), P99 = parsed.GetValue(p99),
            Concurrency = parsed.GetValue(concurrency), Constant = parsed.GetValue(constant),
        })));
        return command;
    }

    private static int Run(Asked asked)
    {
        var stress = With(asked, Chosen(asked, UserAssembly.Load(asked.Assembly)));
        using var interruption = new Interruption();
        var progress = new Progress();
        StressProgress? last = null;
        var report = stress.Run(asked.Seed, told => progress.Say(() => Line(last = told)), interruption.Token);
        progress.End($"{(last is null ? "" : $"{Line(last)}; ")}rates measured: {report.Rows.Count}");
        Console.WriteLine(asked.Json ? report.ToJson() : report.ToString().TrimEnd('\n'));
        return report.Passed ? ExitCode.Passed : ExitCode.Breaks;
    }

    private static Stress Chosen(Asked asked, UserAssembly code)
    {
        if (new[] { asked.Workflow, asked.Operation, asked.Stress }.Count(given => given is not null) != 1) throw new UnusableInput("Give one of --workflow, --operation and --stress.");
        if (asked.Stress is { } name)
        {
            if (asked.Inputs is not null) throw new UnusableInput("Give --inputs with --workflow or --operation: a stress test of the assembly has inputs of its own.");
            var all = code.Stresses();
            return all.Where(s => s.Name == name).Select(s => s.Make()).FirstOrDefault()
                ?? throw new UnusableInput($"The assembly has no stress test {name}. {(all.Count == 0 ? "It has none: no public static method or property that returns Stress." : $"It has: {string.Join(", ", all.Select(s => s.Name))}.")}");
        }
        if (asked.Rate is null) throw new UnusableInput("Give --rate, one or a ramp.");
        var samples = SimulateCommand.Samples(asked.Inputs ?? throw new UnusableInput("Give sample inputs with --inputs."));
        return SampledStress.Of(Subject(asked, code), samples, code.Configure, madeUp: !asked.Real);
    }

    private static Type Subject(Asked asked, UserAssembly code)
    {
        if (asked.Operation is { } operation) return SampledStress.Operation(code.Types, operation, code.Configure) ?? throw new UnusableInput($"The assembly has no operation \"{operation}\".");
        var named = HistoryReplay.Named(code.Workflows(), code.Configure);
        return named.Where(n => n.Name == asked.Workflow).OrderByDescending(n => n.Version).Select(n => n.Type).FirstOrDefault()
            ?? throw new UnusableInput($"The assembly has no workflow \"{asked.Workflow}\". It has: {string.Join(", ", named.Select(n => n.Name).Distinct())}.");
    }

    private static Stress With(Asked asked, Stress stress)
    {
        if (asked.Rate is { } rate) stress = StressArguments.Rate(stress, rate);
        if (asked.For is { } time) stress = stress.For(StressArguments.Time("--for", time), asked.WarmUp is { } warmUp ? StressArguments.Time("--warm-up", warmUp) : null);
        else if (asked.WarmUp is not null) throw new UnusableInput("Give --for with --warm-up.");
        if (asked.Concurrency is { } concurrency) stress = stress.Concurrency(concurrency);
        if (asked.Latency is { } latency) stress = stress.Takes(StressArguments.Latency(latency));
        if (asked.Faults is { } faults) stress = StressArguments.Faults(stress, faults);
        if (asked.P99 is { } p99) stress = stress.P99Within(StressArguments.Time("--p99", p99));
        if (asked.Constant) stress = stress.Arriving(Arrivals.Constant);
        return asked.Real ? stress.InRealTime((node, folder) => node.UseSqlite(Path.Combine(folder, "stress.db"))) : stress;
    }

    private static string Line(StressProgress told) => string.Create(CultureInfo.InvariantCulture,
        $"{told.Rate:0.##}/s: {told.Time.TotalSeconds:0} of {told.Of.TotalSeconds:0} s, {told.Arrived:N0} arrived, {told.Completed:N0} done, {told.Failed:N0} failed, {told.Open:N0} open, p99 {told.P99.TotalMilliseconds:0.#} ms");
}
