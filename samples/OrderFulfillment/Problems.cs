namespace Shop;

/// <summary>Errors on the wire: RFC 9457 problem details with a stable code.</summary>
public static class Problems
{
    public static IResult NotFound(string code, string detail) => Of(404, code, detail);

    public static IResult Of(int status, string code, string detail, params ReadOnlySpan<(string Name, object? Value)> more)
    {
        Dictionary<string, object?> extensions = new() { ["code"] = code };
        foreach (var (name, value) in more) extensions[name] = value;
        return Results.Problem(statusCode: status, detail: detail, extensions: extensions);
    }
}
