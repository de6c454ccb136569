namespace Perdure.Postgres.Tests.Sharding;

/// <summary>Shard maps of tests.</summary>
internal static class Maps
{
    /// <summary>All places from the first version on, named a, b, c.</summary>
    public static ShardMap Of(int lanes, params Place[] places) => Of(lanes, places, [places.Length]);

    /// <summary>A version for each of the counts, of so many of the places.</summary>
    public static ShardMap Of(int lanes, Place[] places, int[] counts)
    {
        var map = new ShardMap { Lanes = lanes };
        for (var i = 0; i < places.Length; i++) map.Databases.Add(new() { Name = Name(i), ConnectionString = places[i].ConnectionString, Schema = places[i].Schema });
        foreach (var count in counts) map.Versions.Add([.. Enumerable.Range(0, count).Select(Name)]);
        return map;
    }

    public static string Name(int number) => ((char)('a' + number)).ToString();
}
