using System.Globalization;
using Perdure.Simulation;

namespace Perdure.Cli;

/// <summary>Times, rates, latencies and faults as they are written on the command line.</summary>
internal static class StressArguments
{
    private static readonly (string Unit, double Milliseconds)[] Units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    /// <summary>Such as <c>50ms</c>, <c>1.5s</c>, <c>10m</c>, <c>2h</c>.</summary>
    public static TimeSpan Time(string option, string text)
    {
        foreach (var (unit, milliseconds) in Units)
            if (text.EndsWith(unit, StringComparison.Ordinal) && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return TimeSpan.FromMilliseconds(number * milliseconds);
        throw new UnusableInput($"{option}: \"{text}\" is no time. Write it such as 50ms, 1.5s, 10m or 2h.");
    }

    /// <summary>One rate, <c>200</c>, or a ramp, <c>50:400:50</c>.</summary>
    public static Stress Rate(Stress stress, string text) => text.Split(':') switch
    {
        [var rate] => stress.Rate(Number("--rate", rate)),
        [var from, var to, var step] => stress.Ramp(Number("--rate", from), Number("--rate", to), Number("--rate", step)),
        _ => throw new UnusableInput($"--rate: \"{text}\" is neither a rate, such as 200, nor a ramp, such as 50:400:50."),
    };

    /// <summary><c>50ms</c>, <c>uniform:10ms:50ms</c>, <c>lognormal:40ms:200ms</c> or <c>pareto:10ms:10s:1.5</c>.</summary>
    public static Latency Latency(string text)
    {
        const string option = "--latency";
        return text.Split(':') switch
        {
            [var constant] => Perdure.Simulation.Latency.Constant(Time(option, constant)),
            ["uniform", var low, var high] => Perdure.Simulation.Latency.Uniform(Time(option, low), Time(option, high)),
            ["lognormal", var median, var p99] => Perdure.Simulation.Latency.LogNormal(Time(option, median), Time(option, p99)),
            ["pareto", var least, var most, .. var tail] when tail.Length <= 1 => Perdure.Simulation.Latency.HeavyTail(Time(option, least), Time(option, most), tail.Length == 0 ? 1.5 : Number(option, tail[0])),
            _ => throw new UnusableInput($"{option}: \"{text}\" is none of 50ms, uniform:LOW:HIGH, lognormal:MEDIAN:P99, pareto:LEAST:MOST[:EXPONENT]."),
        };
    }

    /// <summary>Such as <c>transient=0.02,timeout=0.001</c>.</summary>
    public static Stress Faults(Stress stress, string text)
    {
        Dictionary<string, double> shares = new(StringComparer.Ordinal) { ["transient"] = 0, ["permanent"] = 0, ["unknown"] = 0, ["timeout"] = 0 };
        foreach (var part in text.Split(','))
        {
            if (part.Split('=') is not [var kind, var share] || !shares.ContainsKey(kind)) throw new UnusableInput($"--faults: \"{part}\" is not KIND=SHARE; kinds are {string.Join(", ", shares.Keys)}.");
            shares[kind] = Number("--faults", share);
        }
        return stress.Faults(shares["transient"], shares["permanent"], shares["unknown"], shares["timeout"]);
    }

    private static double Number(string option, string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : throw new UnusableInput($"{option}: \"{text}\" is no number.");
}
