using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Perdure.AspNetCore;

/// <summary>The body of a command that has nothing to say.</summary>
internal sealed record NoInput;

/// <summary>Reads the body of a command.</summary>
internal static class CommandInput
{
    /// <summary>The body; nothing where none was sent and none is needed.</summary>
    public static async Task<(T? Input, Problem? Problem)> Read<T>(HttpContext context, bool needed = false) where T : class
    {
        if (new Query(context).Problem is { } query) return (null, query);
        if (!needed && RequestBody.IsEmpty(context.Request)) return (null, null);
        var (bytes, problem) = await RequestBody.Read(context);
        if (problem is not null) return (null, problem);
        try
        {
            return JsonSerializer.Deserialize<T>(bytes.Span, Wire.Json) is { } input ? (input, null) : (null, Problem.Malformed("input.invalid", "$", "An object is needed."));
        }
        catch (JsonException e)
        {
            return (null, Problem.Malformed("input.invalid", e.Path is { Length: > 0 } path ? path : "$", Said(e)));
        }
    }

    // What the serializer says names types of the code; what is of use to a caller is before that.
    private static string Said(JsonException e) =>
        e.Message.Contains("missing required", StringComparison.Ordinal) ? "A property is missing: " + string.Join(", ", Quoted(e.Message))
        : e.Message.Contains("could not be mapped", StringComparison.Ordinal) ? "There is no such property: " + string.Join(", ", Quoted(e.Message).Take(1))
        : "The value is not of the right type.";

    private static IEnumerable<string> Quoted(string message) => message.Split('\'').Where((part, i) => i % 2 == 1 && !part.Contains('.', StringComparison.Ordinal));
}
