using System.Globalization;

namespace Perdure.Simulation;

/// <summary>
/// How many seeds a test runs, and from which on: its own unless SEEDS and FIRST_SEED say otherwise, for runs that are longer than one of <c>./test</c>.
/// </summary>
internal static class Seeds
{
    /// <summary>Runs them; where SEEDS is set, says every thousand how far it is.</summary>
    public static SimulationReport Run(this Simulate simulation, string name, int otherwise)
    {
        if (Environment.GetEnvironmentVariable("SEEDS") is not { Length: > 0 } seeds) return simulation.Run(otherwise);
        var first = ulong.Parse(Environment.GetEnvironmentVariable("FIRST_SEED") is { Length: > 0 } given ? given : "1", CultureInfo.InvariantCulture);
        var report = simulation.Run(int.Parse(seeds, CultureInfo.InvariantCulture), first, progress: so =>
        {
            if (so.Seeds % 1_000 == 0) Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {name} from {first}: {so.Seeds:N0} seeds, {so.Events:N0} events");
        });
        Console.Error.WriteLine($"{name} from {first}: {report}");
        return report;
    }
}
