using Perdure.Ports;

namespace Perdure.Sqlite.Native;

/// <summary>The SQL of this store.</summary>
internal static class SqlText
{
    private static readonly SqlFiles Files = new(typeof(SqlText).Assembly, "open.sql", "write.sql", "read.sql", "views.sql", "retention.sql");

    /// <summary>A statement by its name.</summary>
    public static string Statement(string name) => Files.Statement(name);

    /// <summary>The scripts of the schema, by the version that each leads to, in order.</summary>
    public static IEnumerable<(int Version, string Sql)> Schema() => Files.Schema();
}
