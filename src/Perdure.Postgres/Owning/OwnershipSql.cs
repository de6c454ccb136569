using System.Collections.Frozen;

namespace Perdure.Postgres.Owning;

/// <summary>The SQL of ownership and inbox: embedded files, in which statements stand under a line <c>-- name: …</c>.</summary>
internal static class OwnershipSql
{
    private static readonly FrozenDictionary<string, string> Statements = new[] { "ownership.sql", "inbox.sql" }
        .SelectMany(file => Named(File(file)))
        .ToFrozenDictionary(s => s.Name, s => s.Sql, StringComparer.Ordinal);

    /// <summary>A statement by its name.</summary>
    public static string Statement(string name) =>
        Statements.TryGetValue(name, out var sql) ? sql : throw new InvalidOperationException($"There is no SQL statement '{name}'.");

    private static string File(string name)
    {
        using var stream = typeof(OwnershipSql).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static IEnumerable<(string Name, string Sql)> Named(string file)
    {
        const string mark = "-- name: ";
        foreach (var part in ("\n" + file).Split("\n" + mark).Skip(1))
        {
            var line = part.IndexOf('\n', StringComparison.Ordinal);
            yield return (part[..line].Trim(), part[(line + 1)..].Trim());
        }
    }
}
