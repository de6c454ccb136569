namespace Shop.Tests.Cluster;

/// <summary>
/// Watches in the database itself, from outside of the engine, whether a node writes to the log of a lane that another node owns at that moment. Nothing is refused: what is found is kept.
/// </summary>
internal static class Trespass
{
    private const string Watch = """
        CREATE TABLE trespass (lane int, writer text, owner int, at timestamptz DEFAULT clock_timestamp());
        CREATE TABLE watched (records bigint);
        CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO public.trespass (lane, writer, owner)
            SELECT DISTINCT l.id, current_setting('application_name'), l.owner FROM written w JOIN perdure.lane l ON l.id = (w.instance & 1023) % (SELECT lanes FROM perdure.store)
            WHERE (current_setting('application_name') LIKE 'perdure node ' || l.owner || ' of %') IS NOT TRUE;
          INSERT INTO public.watched SELECT count(*) FROM written;
          RETURN NULL;
        END $$;
        CREATE TRIGGER watched AFTER INSERT ON perdure.log REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION watch()
        """;

    public static async Task Begin(RunningCluster cluster)
    {
        foreach (var database in cluster.Databases) await Begin(cluster, database);
    }

    public static Task Begin(RunningCluster cluster, string database) => cluster.Rows(Watch, _ => 0, database);

    /// <summary>How many records were watched, and what was written by others than the owner.</summary>
    public static async Task<(long Watched, IReadOnlyList<string> Found)> Found(RunningCluster cluster)
    {
        var (watched, found) = (0L, new List<string>());
        foreach (var database in cluster.Databases)
        {
            watched += (await cluster.Rows("SELECT coalesce(sum(records), 0)::bigint FROM watched", row => row.GetInt64(0), database))[0];
            found.AddRange(await cluster.Rows("SELECT at || ': lane ' || lane || ' of ' || coalesce('node ' || owner, 'nobody') || ' was written by ' || writer FROM trespass", row => row.GetString(0), database));
        }
        return (watched, found);
    }
}
