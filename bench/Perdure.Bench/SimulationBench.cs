using System.Diagnostics;
using Perdure.Simulation;
using Shop.Tests.Simulated;

namespace Perdure.Bench;

/// <summary>How fast the simulator is: order fulfillment on three nodes, with every fault on and every oracle checking, one seed after the other on one thread.</summary>
internal static class SimulationBench
{
    public static void Run(Options options)
    {
        var orders = SimulatedShop.Orders(options.Int("Orders", 200)).Nodes(3).Invariant("money taken is money owed", SimulatedShop.MoneyTakenIsMoneyOwed);
        var first = (ulong)options.Int("Seed", 1);
        Measure(orders, first, options.Double("Warmup", 30));
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var began = Stopwatch.GetTimestamp();
        var allocated = GC.GetTotalAllocatedBytes();
        var report = Measure(orders, first, options.Double("Seconds", 10));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        if (!report.Passed) throw new InvalidOperationException(report.ToString());
        Console.WriteLine($"simulation {report.Events / seconds,10:N0} events/s, {report.Events / cpu.TotalSeconds:N0} for each second of CPU; {report.Seeds / seconds:0.0} seeds/s of {report.Events / report.Seeds:N0} events, {report.Happened / seconds:N0} things a second ({report.Happened / (double)report.Events:0.0} an event), "
            + $"{(GC.GetTotalAllocatedBytes() - allocated) / 1e3 / report.Events:0.0} KB allocated an event, {report.Time.TotalHours / seconds:0.00} of the worlds' hours a second");
    }

    private static SimulationReport Measure(Simulate simulation, ulong first, double seconds)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        return simulation.Run(int.MaxValue, first, cancellation: enough.Token);
    }
}
