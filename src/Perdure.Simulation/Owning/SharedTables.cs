using Perdure.Kernel;
using Perdure.Owning;
using Perdure.Ports;

namespace Perdure.Simulation.Owning;

/// <summary>What the tables of a shared store hold beside its lanes: who its nodes are, and commands for the instances of other nodes. Changed by nothing but transactions, and run again with them.</summary>
internal sealed class SharedTables
{
    private readonly SortedDictionary<int, Row> _nodes = [];
    private readonly SortedDictionary<long, Kept> _inbox = [];
    private int _numbers;
    private long _positions;

    /// <summary>The row of a node; moments are the database's, in milliseconds.</summary>
    public sealed record Row(NodeIdentity Identity, long JoinedAt, long LeaseUntil, bool Leaving);

    private sealed record Kept(int Lane, InstanceId To, string Key, ReadOnlyMemory<byte> Body, ReadOnlyMemory<byte>? Answer);

    public IReadOnlyDictionary<int, Row> Nodes => _nodes;

    public bool IsThere(int node) => _nodes.ContainsKey(node);

    public int Join(NodeIdentity node, long at, TimeSpan lease)
    {
        _nodes.Add(++_numbers, new(node, at, at + (long)lease.TotalMilliseconds, false));
        return _numbers;
    }

    public void JoinAgain(NodeIdentity node, int number, long at, TimeSpan lease) => _nodes.TryAdd(number, new(node, at, at + (long)lease.TotalMilliseconds, false));

    public bool Renew(int number, long at, TimeSpan lease, bool leaving)
    {
        if (!_nodes.TryGetValue(number, out var row)) return false;
        _nodes[number] = row with { LeaseUntil = at + (long)lease.TotalMilliseconds, Leaving = leaving };
        return true;
    }

    public void Remove(int number) => _nodes.Remove(number);

    /// <summary>Keeps a command, or finds the one that was kept under that key.</summary>
    public (long Position, ReadOnlyMemory<byte>? Answer) Keep(int lane, InstanceId to, string key, ReadOnlyMemory<byte> body)
    {
        foreach (var (position, kept) in _inbox)
            if (kept.To == to && kept.Key == key) return (position, kept.Answer);
        _inbox.Add(++_positions, new(lane, to, key, body, null));
        return (_positions, null);
    }

    public IEnumerable<InboxMessage> Open(int lane) => _inbox.Where(i => i.Value.Lane == lane && i.Value.Answer is null).Select(i => new InboxMessage(i.Key, i.Value.To, i.Value.Key, i.Value.Body));

    public ReadOnlyMemory<byte>? AnswerOf(long position) => _inbox.TryGetValue(position, out var kept) ? kept.Answer : null;

    /// <summary>Answers a command that is not answered. Where that is not final, its key is free from then on.</summary>
    public void Answer(long position, ReadOnlyMemory<byte> answer, bool final)
    {
        if (_inbox.TryGetValue(position, out var kept) && kept.Answer is null)
            _inbox[position] = kept with { Answer = answer, Key = final ? kept.Key : $"{kept.Key} #{position}" };
    }
}
