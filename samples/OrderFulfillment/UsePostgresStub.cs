namespace Perdure.Postgres;

// MERGE: remove this file once src/Perdure.Postgres has UsePostgres.
internal static class UsePostgresStub
{
    public static PerdureBuilder UsePostgres(this PerdureBuilder builder, string connectionString, Action<PostgresStoreOptions>? configure = null) =>
        builder.UseStore(_ => throw new NotSupportedException($"The store of PostgreSQL is not there yet: {connectionString.Length} {configure is null}"));
}
