using Perdure.Sqlite.Native;

namespace Perdure.Sqlite.Tests;

/// <summary>What tests ask of a connection.</summary>
internal static class Peek
{
    public static string Text(this Database database, string sql)
    {
        using var statement = database.Prepare(sql);
        return statement.Read() ? statement.Text(0) : "";
    }

    /// <summary>How SQLite means to run a statement of the store.</summary>
    public static string Plan(this Database database, string name)
    {
        var lines = new List<string>();
        using var statement = database.Prepare("EXPLAIN QUERY PLAN " + SqlText.Statement(name));
        while (statement.Read()) lines.Add(statement.Text(3));
        return string.Join('\n', lines);
    }
}
