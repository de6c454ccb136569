namespace Perdure.Bench;

/// <summary>Processor time by thread name, where the operating system shows it.</summary>
internal static class Threads
{
    public const double TicksPerSecond = 100;

    public static Dictionary<string, double> Cpu()
    {
        var times = new Dictionary<string, double>();
        if (!Directory.Exists("/proc/self/task")) return times;
        foreach (var task in Directory.GetDirectories("/proc/self/task"))
        {
            var stat = File.ReadAllText(Path.Combine(task, "stat"));
            var (open, close) = (stat.IndexOf('('), stat.LastIndexOf(')'));
            var fields = stat[(close + 2)..].Split(' ');
            var name = stat[(open + 1)..close];
            times[name] = times.GetValueOrDefault(name) + (double.Parse(fields[11]) + double.Parse(fields[12])) / TicksPerSecond;
        }
        return times;
    }
}
