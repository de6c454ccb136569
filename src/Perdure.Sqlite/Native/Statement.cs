using System.Text;
using SQLitePCL;

namespace Perdure.Sqlite.Native;

/// <summary>A prepared statement with typed parameters, numbered from 1, and typed columns, numbered from 0. Nothing is allocated to run it.</summary>
internal sealed unsafe class Statement(Database database, sqlite3_stmt handle) : IDisposable
{
    // What SQLite must copy before it returns.
    private static readonly nint Transient = -1;

    private readonly nint _statement = handle.DangerousGetHandle();
    private readonly Arena _arena = database.Arena;
    private bool _rows;

    /// <summary>Binds a number.</summary>
    public Statement Set(int parameter, long value)
    {
        Sqlite3.BindLong(_statement, parameter, value);
        return this;
    }

    /// <summary>Binds a number or nothing.</summary>
    public Statement Set(int parameter, long? value)
    {
        if (value is { } number) Sqlite3.BindLong(_statement, parameter, number);
        else Sqlite3.BindNull(_statement, parameter);
        return this;
    }

    /// <summary>Binds bytes.</summary>
    public Statement Set(int parameter, ReadOnlySpan<byte> value)
    {
        var place = _arena.Put(value);
        if (place is not null) database.Check(Sqlite3.BindBlob(_statement, parameter, place, value.Length, 0));
        else
            fixed (byte* bytes = value) database.Check(Sqlite3.BindBlob(_statement, parameter, bytes, value.Length, Transient));
        return this;
    }

    /// <summary>Binds text or nothing.</summary>
    public Statement Set(int parameter, string? value)
    {
        if (value is null)
        {
            Sqlite3.BindNull(_statement, parameter);
            return this;
        }
        var place = _arena.Put(value, out var length);
        if (place is not null) database.Check(Sqlite3.BindText(_statement, parameter, place, length, 0));
        else database.Check(raw.sqlite3_bind_text(handle, parameter, Encoding.UTF8.GetBytes(value)));
        return this;
    }

    /// <summary>Runs it to its end and makes it ready for the next time.</summary>
    public void Run()
    {
        int code;
        do code = Sqlite3.Step(_statement);
        while (code == raw.SQLITE_ROW);
        if (code == raw.SQLITE_DONE)
        {
            Sqlite3.Reset(_statement);
            return;
        }
        var fault = database.Fault();
        Sqlite3.Reset(_statement);
        throw fault;
    }

    /// <summary>Steps to the next row; at the end it is ready for the next time.</summary>
    public bool Read()
    {
        var code = Sqlite3.Step(_statement);
        if (code == raw.SQLITE_ROW) return _rows = true;
        if (code == raw.SQLITE_DONE)
        {
            Reset();
            return false;
        }
        var fault = database.Fault();
        Reset();
        throw fault;
    }

    /// <summary>Makes it ready for the next time before its end was reached.</summary>
    public void Reset()
    {
        _rows = false;
        Sqlite3.Reset(_statement);
    }

    /// <summary>Whether it stands at a row.</summary>
    public bool AtRow => _rows;

    /// <summary>A number.</summary>
    public long Long(int column) => raw.sqlite3_column_int64(handle, column);

    /// <summary>A number.</summary>
    public int Int(int column) => raw.sqlite3_column_int(handle, column);

    /// <summary>A moment in milliseconds.</summary>
    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Long(column));

    /// <summary>Whether there is nothing.</summary>
    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    /// <summary>Text.</summary>
    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    /// <summary>Text or nothing.</summary>
    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>Bytes, copied.</summary>
    public byte[] Bytes(int column) => raw.sqlite3_column_blob(handle, column).ToArray();

    /// <inheritdoc />
    public void Dispose()
    {
        raw.sqlite3_finalize(handle);
        handle.Dispose();
    }
}
