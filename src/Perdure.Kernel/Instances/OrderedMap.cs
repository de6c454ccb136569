using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Perdure.Kernel;

/// <summary>
/// An immutable map in the order of its keys (strings by ordinal comparison): a persistent B+ tree. Up to a leaf's width, one array is copied for
/// each change; beyond that, a change copies one path. Adding, changing, removing and finding are O(log n), also at the last key.
/// </summary>
/// <typeparam name="TKey">An integer, or a string.</typeparam>
/// <typeparam name="TValue">What is kept.</typeparam>
public sealed class OrderedMap<TKey, TValue> : IReadOnlyDictionary<TKey, TValue>
    where TKey : notnull, IComparable<TKey>
{
    private const int Width = 32;
    private readonly Node? _root;

    private OrderedMap(Node? root, int count) => (_root, Count) = (root, count);

    /// <summary>The map without entries.</summary>
    public static OrderedMap<TKey, TValue> Empty { get; } = new(null, 0);

    /// <summary>How many entries there are.</summary>
    public int Count { get; }

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>The value of a key that is there.</summary>
    /// <exception cref="KeyNotFoundException">It is not.</exception>
    public TValue this[TKey key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"There is no '{key}'.");

    /// <summary>The entry with the lowest key.</summary>
    /// <exception cref="InvalidOperationException">The map is empty.</exception>
    public KeyValuePair<TKey, TValue> First => _root is null ? throw new InvalidOperationException("The map is empty.") : _root.FirstLeaf().Items[0];

    /// <summary>The entry with the highest key.</summary>
    /// <exception cref="InvalidOperationException">The map is empty.</exception>
    public KeyValuePair<TKey, TValue> Last => _root is null ? throw new InvalidOperationException("The map is empty.") : _root.LastLeaf().Items[^1];

    /// <inheritdoc />
    public IEnumerable<TKey> Keys
    {
        get { foreach (var pair in this) yield return pair.Key; }
    }

    /// <inheritdoc />
    public IEnumerable<TValue> Values
    {
        get { foreach (var pair in this) yield return pair.Value; }
    }

    /// <summary>The map with that value under that key, in place of the one that it may have had.</summary>
    public OrderedMap<TKey, TValue> Set(TKey key, TValue value)
    {
        if (_root is null) return new(new Leaf([new(key, value)]), 1);
        var (left, right, added) = _root.Set(key, value);
        return new(right is null ? left : new Inner([left, right]), added ? Count + 1 : Count);
    }

    /// <summary>The map without that key; itself where the key is not there.</summary>
    public OrderedMap<TKey, TValue> Remove(TKey key)
    {
        if (_root is null) return this;
        var root = _root.Remove(key);
        if (ReferenceEquals(root, _root)) return this;
        while (root is Inner { Children: [var only] }) root = only;
        return root is null ? Empty : new(root, Count - 1);
    }

    /// <inheritdoc />
    public bool ContainsKey(TKey key) => TryGetValue(key, out _);

    /// <inheritdoc />
    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        for (var node = _root; node is not null;)
        {
            if (node is Inner inner) { node = inner.Children[inner.IndexOf(key)]; continue; }
            var items = Unsafe.As<Leaf>(node).Items;
            var index = Search(items, key);
            if (index < 0) break;
            value = items[index].Value;
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>The entries, lowest key first.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<KeyValuePair<TKey, TValue>> IEnumerable<KeyValuePair<TKey, TValue>>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Goes over the entries, lowest key first.</summary>
    public struct Enumerator : IEnumerator<KeyValuePair<TKey, TValue>>
    {
        private readonly OrderedMap<TKey, TValue> _map;
        private Leaf? _leaf;
        private int _index;

        internal Enumerator(OrderedMap<TKey, TValue> map) => (_map, _leaf, _index) = (map, map._root?.FirstLeaf(), -1);

        /// <inheritdoc />
        public readonly KeyValuePair<TKey, TValue> Current => _leaf!.Items[_index];

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc />
        public bool MoveNext()
        {
            if (_leaf is null) return false;
            if (++_index < _leaf.Items.Length) return true;
            _leaf = _map.LeafAfter(_leaf.Items[^1].Key);
            _index = 0;
            return _leaf is not null;
        }

        /// <inheritdoc />
        public void Reset() => (_leaf, _index) = (_map._root?.FirstLeaf(), -1);

        /// <inheritdoc />
        public readonly void Dispose() { }
    }

    private Leaf? LeafAfter(TKey key)
    {
        Node? next = null;
        for (var node = _root; node is Inner inner;)
        {
            var index = inner.IndexOf(key);
            if (index + 1 < inner.Children.Length) next = inner.Children[index + 1];
            node = inner.Children[index];
        }
        return next?.FirstLeaf();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Compare(TKey a, TKey b) =>
        typeof(TKey) == typeof(string) ? string.CompareOrdinal((string)(object)a, (string)(object)b) : a.CompareTo(b);

    // The index of the key, or the complement of where it belongs.
    private static int Search(KeyValuePair<TKey, TValue>[] items, TKey key)
    {
        int low = 0, high = items.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Compare(items[middle].Key, key);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1; else high = middle - 1;
        }
        return ~low;
    }

    private static T[] Insert<T>(T[] items, int index, T item)
    {
        var result = new T[items.Length + 1];
        items.AsSpan(0, index).CopyTo(result);
        result[index] = item;
        items.AsSpan(index).CopyTo(result.AsSpan(index + 1));
        return result;
    }

    private static T[] Replace<T>(T[] items, int index, T item)
    {
        var result = items.AsSpan().ToArray();
        result[index] = item;
        return result;
    }

    private static T[] Without<T>(T[] items, int index)
    {
        var result = new T[items.Length - 1];
        items.AsSpan(0, index).CopyTo(result);
        items.AsSpan(index + 1).CopyTo(result.AsSpan(index));
        return result;
    }

    private abstract class Node
    {
        public abstract TKey Lowest { get; }
        public abstract Leaf FirstLeaf();
        public abstract Leaf LastLeaf();
        public abstract (Node Left, Node? Right, bool Added) Set(TKey key, TValue value);
        public abstract Node? Remove(TKey key);
    }

    private sealed class Leaf(KeyValuePair<TKey, TValue>[] items) : Node
    {
        public readonly KeyValuePair<TKey, TValue>[] Items = items;

        public override TKey Lowest => Items[0].Key;
        public override Leaf FirstLeaf() => this;
        public override Leaf LastLeaf() => this;

        public override (Node, Node?, bool) Set(TKey key, TValue value)
        {
            var index = Search(Items, key);
            if (index >= 0) return (new Leaf(Replace(Items, index, new(key, value))), null, false);
            index = ~index;
            if (Items.Length < Width) return (new Leaf(Insert(Items, index, new(key, value))), null, true);
            if (index == Items.Length) return (this, new Leaf([new(key, value)]), true);
            var all = Insert(Items, index, new(key, value));
            return (new Leaf(all[..(Width / 2)]), new Leaf(all[(Width / 2)..]), true);
        }

        public override Node? Remove(TKey key)
        {
            var index = Search(Items, key);
            return index < 0 ? this : Items.Length == 1 ? null : new Leaf(Without(Items, index));
        }
    }

    private sealed class Inner(Node[] children) : Node
    {
        public readonly Node[] Children = children;
        private readonly TKey _lowest = children[0].Lowest;

        public override TKey Lowest => _lowest;
        public override Leaf FirstLeaf() => Children[0].FirstLeaf();
        public override Leaf LastLeaf() => Children[^1].LastLeaf();

        // The child that holds the key if any does.
        public int IndexOf(TKey key)
        {
            int low = 1, high = Children.Length - 1;
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                if (Compare(Children[middle].Lowest, key) <= 0) low = middle + 1; else high = middle - 1;
            }
            return low - 1;
        }

        public override (Node, Node?, bool) Set(TKey key, TValue value)
        {
            var index = IndexOf(key);
            var (left, right, added) = Children[index].Set(key, value);
            var all = ReferenceEquals(left, Children[index]) ? Children : Replace(Children, index, left);
            if (right is null) return (new Inner(all), null, added);
            if (all.Length < Width) return (new Inner(Insert(all, index + 1, right)), null, added);
            if (index == all.Length - 1) return (new Inner(all), new Inner([right]), added);
            all = Insert(all, index + 1, right);
            return (new Inner(all[..(Width / 2)]), new Inner(all[(Width / 2)..]), added);
        }

        public override Node? Remove(TKey key)
        {
            var index = IndexOf(key);
            var child = Children[index].Remove(key);
            if (ReferenceEquals(child, Children[index])) return this;
            if (child is not null) return new Inner(Replace(Children, index, child));
            return Children.Length == 1 ? null : new Inner(Without(Children, index));
        }
    }
}
