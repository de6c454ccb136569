using System.Data;
using System.Text.RegularExpressions;
using Npgsql;
using Perdure.Postgres.Database;

namespace Perdure.Postgres.Tests;

/// <summary>
/// Nodes of the version before go on beside those of today, on a schema that those have moved forward. No build of the version before is at hand here: what it sends is, word for word, and each of it must be
/// taken as it was by the schema that it was made for.
/// </summary>
public sealed partial class TheVersionBeforeTests : IAsyncLifetime
{
    private const int Before = 5;
    private Place _then = null!, _now = null!;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => (_then, _now) = (await Made(Before), await Made(StoreSchema.Version));

    public async ValueTask DisposeAsync()
    {
        await _then.DisposeAsync();
        await _now.DisposeAsync();
    }

    private static async Task<Place> Made(int version)
    {
        var place = await Place.Make();
        using var shell = place.Shell();
        shell.Run($"CREATE SCHEMA {place.Schema}");
        foreach (var (_, sql) in SqlText.Schema().Where(s => s.Version <= version)) shell.Run(sql);
        return place;
    }

    [GeneratedRegex(@"^-- name: (\S+)\n(.*?)(?=^-- name: |\z)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Named();

    private static List<(string Name, string Sql)> Statements()
    {
        using var stream = typeof(TheVersionBeforeTests).Assembly.GetManifestResourceStream("before.sql")!;
        using var reader = new StreamReader(stream);
        return [.. Named().Matches(reader.ReadToEnd().ReplaceLineEndings("\n")).Select(m => (m.Groups[1].Value, Comments().Replace(m.Groups[2].Value, "").Trim()))];
    }

    [GeneratedRegex(@"^--.*\n?", RegexOptions.Multiline)]
    private static partial Regex Comments();

    [GeneratedRegex("^(SELECT|INSERT|UPDATE|DELETE|WITH|VALUES)\\b", RegexOptions.IgnoreCase)]
    private static partial Regex Plannable();

    [Fact]
    public async Task Everything_that_the_version_before_sends_is_understood_as_it_was()
    {
        Assert.Equal(Before + 1, StoreSchema.Version);      // what the version before sends is put into Before/ when the schema goes on
        var all = Statements().Where(s => Plannable().IsMatch(s.Sql)).ToList();
        Assert.True(all.Count > 60, $"{all.Count}");
        var (then, now) = (await Described(_then, all), await Described(_now, all));
        Assert.DoesNotContain(then, d => d.Contains("42P01", StringComparison.Ordinal) || d.Contains("42883", StringComparison.Ordinal) || d.Contains("42703", StringComparison.Ordinal));
        Assert.Equal(then, now);
    }

    [Fact]
    public void Every_function_that_the_version_before_calls_is_there_with_the_same_arguments_and_answer()
    {
        const string functions = """
            SELECT string_agg(p.proname || '(' || pg_get_function_arguments(p.oid) || ') ' || pg_get_function_result(p.oid), E'\n' ORDER BY p.proname, p.oid::text) FROM pg_proc p
            WHERE p.pronamespace = current_schema()::regnamespace AND p.prorettype <> 'trigger'::regtype
            """;
        using Shell then = _then.Shell(), now = _now.Shell();
        var before = then.One<string>(functions).Split('\n');
        Assert.Contains(before, f => f.StartsWith("write_1(", StringComparison.Ordinal));
        Assert.Empty(before.Except(now.One<string>(functions).Split('\n')));
    }

    /// <summary>Of each statement the types of what it takes and what it gives, or what is said against it.</summary>
    private static async Task<List<string>> Described(Place place, IReadOnlyList<(string Name, string Sql)> statements)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(place.ConnectionString) { SearchPath = place.Schema, Pooling = false }.ConnectionString);
        await connection.OpenAsync(Now);
        List<string> described = [];
        foreach (var (name, sql) in statements)
        {
            try
            {
                await using (var prepare = new NpgsqlCommand($"PREPARE \"{name}\" AS {sql.TrimEnd(';')}", connection)) await prepare.ExecuteNonQueryAsync(Now);
                await using var asks = new NpgsqlCommand($"SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = '{name}'", connection);
                var takes = (string[])(await asks.ExecuteScalarAsync(Now))!;
                await using var run = new NpgsqlCommand(takes.Length == 0 ? $"EXECUTE \"{name}\"" : $"EXECUTE \"{name}\" ({string.Join(", ", takes.Select(_ => "NULL"))})", connection);
                await using var reader = await run.ExecuteReaderAsync(CommandBehavior.SchemaOnly, Now);
                described.Add($"{name} ({string.Join(", ", takes)}): {string.Join(", ", (await reader.GetColumnSchemaAsync(Now)).Select(c => $"{c.ColumnName} {c.DataTypeName}"))}");
            }
            catch (PostgresException fault)
            {
                described.Add($"{name}: {fault.SqlState} {fault.MessageText}");
            }
        }
        return described;
    }
}
