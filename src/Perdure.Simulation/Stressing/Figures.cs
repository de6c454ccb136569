using System.Globalization;

namespace Perdure.Simulation;

/// <summary>Figures as reports write them.</summary>
internal static class Figures
{
    /// <summary>A time with three digits and the unit that fits.</summary>
    public static string Of(TimeSpan time) => time.TotalMilliseconds switch
    {
        < 0.0005 => "0 ms",
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMicroseconds:0} µs"),
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.##} ms"),
        < 100 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.#} ms"),
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms"),
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.##} s"),
        < 100_000 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s"),
        < 600_000 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s"),
        < 36_000_000 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.#} h"),
    };

    /// <summary>A rate in a second.</summary>
    public static string Rate(double perSecond) => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.##}/s");

    /// <summary>A share in per cent.</summary>
    public static string Share(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.##} %");
}
