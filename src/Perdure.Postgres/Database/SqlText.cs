using Perdure.Ports;

namespace Perdure.Postgres.Database;

/// <summary>The SQL of this store.</summary>
internal static class SqlText
{
    private static readonly SqlFiles Files = new(typeof(SqlText).Assembly, "open.sql", "write.sql", "read.sql", "views.sql", "ownership.sql", "inbox.sql", "retention.sql", "replica.sql", "transact.sql", "shard.sql");

    /// <summary>A statement by its name.</summary>
    public static string Statement(string name) => Files.Statement(name);

    /// <summary>The scripts of the schema, by the version that each leads to, in order. A version is one file of tables, and files of functions beside it.</summary>
    public static IEnumerable<(int Version, string Sql)> Schema() => Files.Schema();
}
