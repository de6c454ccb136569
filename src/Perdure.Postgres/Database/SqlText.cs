using System.Collections.Frozen;
using System.Globalization;

namespace Perdure.Postgres.Database;

/// <summary>The SQL of this store: embedded files. Statements stand in theirs under a line <c>-- name: …</c>.</summary>
internal static class SqlText
{
    private const int Digits = 4;

    private static readonly FrozenDictionary<string, string> Statements = new[] { "open.sql", "write.sql", "read.sql", "views.sql", "ownership.sql", "inbox.sql", "retention.sql", "replica.sql", "transact.sql", "shard.sql" }
        .SelectMany(file => Named(File(file)))
        .ToFrozenDictionary(s => s.Name, s => s.Sql, StringComparer.Ordinal);

    /// <summary>A statement by its name.</summary>
    public static string Statement(string name) =>
        Statements.TryGetValue(name, out var sql) ? sql : throw new InvalidOperationException($"There is no SQL statement '{name}'.");

    /// <summary>The scripts of the schema, by the version that each leads to, in order. A version is one file of tables, and files of functions beside it.</summary>
    public static IEnumerable<(int Version, string Sql)> Schema() =>
        typeof(SqlText).Assembly.GetManifestResourceNames()
            .Where(n => n.Length > Digits && n[..Digits].All(char.IsAsciiDigit))
            .OrderBy(n => n[..Digits], StringComparer.Ordinal).ThenBy(n => n.Length).ThenBy(n => n, StringComparer.Ordinal)
            .Select(n => (int.Parse(n.AsSpan(0, Digits), CultureInfo.InvariantCulture), File(n)));

    private static string File(string name)
    {
        using var stream = typeof(SqlText).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded.");
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
