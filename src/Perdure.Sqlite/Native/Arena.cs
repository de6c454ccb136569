using System.Text;

namespace Perdure.Sqlite.Native;

/// <summary>
/// Memory that does not move, for the values of the statements that run next: SQLite reads them where they lie instead of copying each into memory of its own.
/// What is put here stays until the next <see cref="Reset"/>.
/// </summary>
internal sealed unsafe class Arena
{
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(256 * 1024, pinned: true);
    private int _used;

    /// <summary>Nothing that was put here is needed any more.</summary>
    public void Reset() => _used = 0;

    /// <summary>Puts bytes; null where there is no room.</summary>
    public byte* Put(ReadOnlySpan<byte> value)
    {
        if (value.Length > _bytes.Length - _used) return null;
        value.CopyTo(_bytes.AsSpan(_used));
        return Take(value.Length);
    }

    /// <summary>Puts text in UTF-8; null where there may be no room.</summary>
    public byte* Put(string value, out int length)
    {
        length = 0;
        if (value.Length * 3L > _bytes.Length - _used) return null;
        length = Encoding.UTF8.GetBytes(value, _bytes.AsSpan(_used));
        return Take(length);
    }

    private byte* Take(int length)
    {
        var place = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(_bytes)) + _used;
        _used += length;
        return place;
    }
}
