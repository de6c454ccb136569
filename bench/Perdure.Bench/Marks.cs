using System.Text.Json;

namespace Perdure.Bench;

/// <summary>What a bench says to the program that runs it (<c>--Marks</c>): one line of JSON at a moment, <c>{"mark":"begin",…}</c>.</summary>
internal static class Marks
{
    /// <summary>Whether anybody listens.</summary>
    public static bool On { get; set; }

    public static void Say(string mark, params ReadOnlySpan<(string Name, object Value)> values)
    {
        if (!On) return;
        var all = new Dictionary<string, object> { ["mark"] = mark };
        foreach (var (name, value) in values) all[name] = value;
        Console.WriteLine(JsonSerializer.Serialize(all));
        Console.Out.Flush();
    }
}
