using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Perdure.Kernel;
using Perdure.Ports;

namespace Perdure.Postgres.Sharding;

/// <summary>Where keys live: by their slot, under each version of the map; and where ids do. A slot goes to the database of a version that draws the highest number for it, so that another database takes its share of the slots from all, and no other slot moves.</summary>
internal sealed class Homes
{
    private readonly int _lanes;
    private readonly LaneRule _rule;
    private readonly byte[] _newest = new byte[InstanceId.Slots];
    private readonly byte[][] _older = new byte[InstanceId.Slots][];
    private readonly Task<StartPlace>[] _places;

    /// <param name="map">The map.</param>
    /// <param name="since">Where the first database worked alone before: ids below this one are its own, whatever their slot.</param>
    public Homes(ShardMap map, long? since = null)
    {
        _lanes = map.Lanes;
        _rule = new(map.Lanes * map.Capacity, new(since ?? 0), map.Lanes);
        var versions = map.AllVersions();
        Version = versions.Count;
        _places = [.. map.Databases.Select((_, i) => Task.FromResult<StartPlace>(new StartPlace.In(Lanes(i)) { Map = Version }))];
        var numbers = map.Databases.Select((d, i) => (d.Name, Number: (byte)i)).ToDictionary(d => d.Name, d => d.Number, StringComparer.Ordinal);
        for (var slot = 0; slot < InstanceId.Slots; slot++)
        {
            var homes = versions.Select(v => v.Select(name => numbers[name]).MaxBy(number => Draw(slot, number))).ToList();
            _newest[slot] = homes[^1];
            _older[slot] = [.. homes.Distinct().Where(home => home != homes[^1])];
        }
    }

    /// <summary>The answer to every start whose home is that database.</summary>
    public Task<StartPlace> Place(int number) => _places[number];

    /// <summary>The newest version of the map.</summary>
    public int Version { get; }

    /// <summary>The database that takes new keys of a slot.</summary>
    public int Home(int slot) => _newest[slot];

    /// <summary>Databases that took keys of the slot before, under older versions, and do not now.</summary>
    public IReadOnlyList<byte> Older(int slot) => _older[slot];

    /// <summary>The slot of a start: that of the workflow's own key where there is one, else of the request key.</summary>
    public static int SlotOf(StartKeys keys) => SlotOf(keys.Namespace, keys.Workflow, keys.BusinessKey ?? keys.RequestKey, keys.BusinessKey is not null);

    /// <summary>The slot of one key.</summary>
    public static int SlotOf(string @namespace, string workflow, string key, bool isBusiness)
    {
        var text = $"{(isBusiness ? 'b' : 'r')}{@namespace.Length}:{@namespace}{workflow.Length}:{workflow}{key}";
        return BinaryPrimitives.ReadUInt16BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text))) % InstanceId.Slots;
    }

    /// <summary>The parent that the request key of a child names; null where it is no child's. A child without a key of its own is where its parent is, and one with a key may be.</summary>
    public static InstanceId? ParentIn(string requestKey)
    {
        var colon = requestKey.IndexOf(':', StringComparison.Ordinal);
        return requestKey.StartsWith("child", StringComparison.Ordinal) && colon > 0 && requestKey.Length > colon + IdLength && InstanceId.TryParse(requestKey.Substring(colon + 1, IdLength), out var parent) ? parent : null;
    }

    private const int IdLength = 13;

    /// <summary>The database of an instance.</summary>
    public int Of(InstanceId instance) => _rule.Of(instance) / _lanes;

    /// <summary>The database of a lane.</summary>
    public int Of(int lane) => lane / _lanes;

    /// <summary>The number of a lane inside of its database.</summary>
    public int Inner(int lane) => lane % _lanes;

    /// <summary>The lanes of a database.</summary>
    public LaneRange Lanes(int number) => new(number * _lanes, _lanes, _rule);

    // Mixed as in SplitMix64; the same on every node and for ever.
    private static ulong Draw(int slot, byte number)
    {
        var x = ((ulong)slot << 8 | number) * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
