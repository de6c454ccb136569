using Npgsql;
using NpgsqlTypes;

namespace Perdure.Postgres.Writing;

/// <summary>One parameter of a call: an array, filled anew for each group.</summary>
internal abstract class Column
{
    /// <summary>How many values it has now.</summary>
    public abstract int Count { get; }

    /// <summary>Begins anew.</summary>
    public abstract void Clear();

    /// <summary>The parameter. It always has the values that the column has when it is sent.</summary>
    public abstract NpgsqlParameter Parameter();
}

/// <summary>An array of one type.</summary>
internal sealed class Column<T>(NpgsqlDbType type) : Column
{
    private readonly List<T> _values = [];

    /// <inheritdoc />
    public override int Count => _values.Count;

    /// <summary>One more.</summary>
    public void Add(T value) => _values.Add(value);

    /// <inheritdoc />
    public override void Clear() => _values.Clear();

    /// <inheritdoc />
    public override NpgsqlParameter Parameter() => new NpgsqlParameter<List<T>> { TypedValue = _values, NpgsqlDbType = NpgsqlDbType.Array | type };
}
