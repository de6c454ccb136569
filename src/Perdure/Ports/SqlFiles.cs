using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;

namespace Perdure.Ports;

/// <summary>The SQL of a store: files embedded in its assembly. Statements stand in theirs under a line <c>-- name: …</c>; a script of the schema is named after the version that it leads to.</summary>
internal sealed class SqlFiles
{
    private const int Digits = 4;

    private readonly Assembly _store;
    private readonly FrozenDictionary<string, string> _statements;

    /// <summary>Reads the files that hold statements.</summary>
    public SqlFiles(Assembly store, params IEnumerable<string> files)
    {
        _store = store;
        _statements = files.SelectMany(file => Named(File(file))).ToFrozenDictionary(s => s.Name, s => s.Sql, StringComparer.Ordinal);
    }

    /// <summary>A statement by its name.</summary>
    public string Statement(string name) => _statements.TryGetValue(name, out var sql) ? sql : throw new InvalidOperationException($"There is no SQL statement '{name}'.");

    /// <summary>The scripts of the schema, by the version that each leads to, in order. A version is one file, and others beside it whose names are longer.</summary>
    public IEnumerable<(int Version, string Sql)> Schema() =>
        _store.GetManifestResourceNames()
            .Where(n => n.Length > Digits && n[..Digits].All(char.IsAsciiDigit))
            .OrderBy(n => n[..Digits], StringComparer.Ordinal).ThenBy(n => n.Length).ThenBy(n => n, StringComparer.Ordinal)
            .Select(n => (int.Parse(n.AsSpan(0, Digits), CultureInfo.InvariantCulture), File(n)));

    private string File(string name)
    {
        using var stream = _store.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not embedded.");
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
