using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>Every record continues the hash chain of its instance, and the chain's head is the newest record that was acknowledged.</summary>
internal sealed class ChainsHold(World world) : Oracle(world)
{
    private readonly Dictionary<InstanceId, (byte[] Head, long Version, byte[] Salt)> _heads = [];

    public override string Name => "chain";

    public override void Durable(Recorded recorded)
    {
        var item = recorded.Item;
        var (head, version, salt) = _heads.GetValueOrDefault(item.Instance, ([], 0, item.Start?.Salt.ToArray() ?? []));
        byte[] digest = new byte[Chain.Size], hash = new byte[Chain.Size];
        Chain.Digest(salt, item.Body.Span, digest);
        Chain.Link(head, item.Instance, item.Version, item.At, digest, hash);
        if (!hash.AsSpan().SequenceEqual(item.Hash.Span)) Fail($"Record {item.Version} of {item.Instance} does not continue the chain at record {version}.");
        _heads[item.Instance] = (hash, item.Version, salt);
    }

    public override void End()
    {
        foreach (var (id, (head, version, _)) in _heads)
        {
            var log = World.Database.Tables.Find(id)?.Log;
            if (log is null || log.Count < version || !log[(int)version - 1].Hash.Span.SequenceEqual(head)) Fail($"{id} was written up to record {version}, and its log does not have that head.");
        }
    }
}
