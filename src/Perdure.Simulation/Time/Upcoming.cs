namespace Perdure.Simulation.Time;

/// <summary>When something happens: its moment, a tie-break, and the order of scheduling, which no two have in common.</summary>
internal readonly record struct When(long At, uint Tie, long Sequence)
{
    public bool IsBefore(in When other) => At != other.At ? At < other.At : Tie != other.Tie ? Tie < other.Tie : Sequence < other.Sequence;
}

/// <summary>
/// What is still to happen, soonest first: a heap of moments, each with the place of what happens then. What is moved about holds no references, and what holds them stays where it is.
/// </summary>
internal sealed class Upcoming<T>
{
    private (When When, int Place)[] _heap = new (When, int)[64];
    private T[] _items = new T[64];
    private int[] _free = new int[64];
    private int _count, _freed, _places;

    /// <summary>How many there are.</summary>
    public int Count => _count;

    /// <summary>When the first of them happens; there must be one.</summary>
    public When First => _heap[0].When;

    public void Add(When when, T item)
    {
        var place = _freed > 0 ? _free[--_freed] : _places++;
        if (place == _items.Length) Array.Resize(ref _items, 2 * place);
        _items[place] = item;
        if (_count == _heap.Length) Array.Resize(ref _heap, 2 * _count);
        var heap = _heap;
        var at = _count++;
        while (at > 0)
        {
            var above = (at - 1) >> 2;
            if (!when.IsBefore(in heap[above].When)) break;
            heap[at] = heap[above];
            at = above;
        }
        heap[at] = (when, place);
    }

    /// <summary>Takes the first of them; there must be one.</summary>
    public T Take()
    {
        var heap = _heap;
        var place = heap[0].Place;
        var item = _items[place];
        _items[place] = default!;
        if (_freed == _free.Length) Array.Resize(ref _free, 2 * _freed);
        _free[_freed++] = place;
        var last = heap[--_count];
        var at = 0;
        for (var below = 1; below < _count; below = 4 * at + 1)
        {
            var (least, end) = (below, Math.Min(below + 4, _count));
            for (var other = below + 1; other < end; other++)
                if (heap[other].When.IsBefore(in heap[least].When)) least = other;
            if (!heap[least].When.IsBefore(in last.When)) break;
            heap[at] = heap[least];
            at = least;
        }
        if (_count > 0) heap[at] = last;
        return item;
    }
}
