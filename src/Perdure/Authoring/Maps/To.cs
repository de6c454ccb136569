using System.Collections.Immutable;

namespace Perdure;

/// <summary>Where a body may go. Its type arguments are the declared transitions.</summary>
public interface INext
{
    /// <summary>The record of the next state.</summary>
    object State { get; }
    /// <summary>The records of all declared states.</summary>
    static abstract ImmutableArray<Type> Targets { get; }
}

/// <summary>One of 1 declared next state. A state's record converts to it; anything else does not compile.</summary>
public readonly record struct To<T1> : INext where T1 : class
{
    private To(object state) => State = state ?? throw new ArgumentNullException(nameof(state), "A body must return the record of its next state.");

    /// <inheritdoc />
    public object State { get; }

    static ImmutableArray<Type> INext.Targets => [typeof(T1)];

    /// <summary>Goes to <typeparamref name="T1"/>.</summary>
    public static implicit operator To<T1>(T1 state) => new(state);
}

/// <summary>One of 2 declared next states. A state's record converts to it; anything else does not compile.</summary>
public readonly record struct To<T1, T2> : INext where T1 : class where T2 : class
{
    private To(object state) => State = state ?? throw new ArgumentNullException(nameof(state), "A body must return the record of its next state.");

    /// <inheritdoc />
    public object State { get; }

    static ImmutableArray<Type> INext.Targets => [typeof(T1), typeof(T2)];

    /// <summary>Goes to <typeparamref name="T1"/>.</summary>
    public static implicit operator To<T1, T2>(T1 state) => new(state);
    /// <summary>Goes to <typeparamref name="T2"/>.</summary>
    public static implicit operator To<T1, T2>(T2 state) => new(state);
}

/// <summary>One of 3 declared next states. A state's record converts to it; anything else does not compile.</summary>
public readonly record struct To<T1, T2, T3> : INext where T1 : class where T2 : class where T3 : class
{
    private To(object state) => State = state ?? throw new ArgumentNullException(nameof(state), "A body must return the record of its next state.");

    /// <inheritdoc />
    public object State { get; }

    static ImmutableArray<Type> INext.Targets => [typeof(T1), typeof(T2), typeof(T3)];

    /// <summary>Goes to <typeparamref name="T1"/>.</summary>
    public static implicit operator To<T1, T2, T3>(T1 state) => new(state);
    /// <summary>Goes to <typeparamref name="T2"/>.</summary>
    public static implicit operator To<T1, T2, T3>(T2 state) => new(state);
    /// <summary>Goes to <typeparamref name="T3"/>.</summary>
    public static implicit operator To<T1, T2, T3>(T3 state) => new(state);
}

/// <summary>One of 4 declared next states. A state's record converts to it; anything else does not compile.</summary>
public readonly record struct To<T1, T2, T3, T4> : INext where T1 : class where T2 : class where T3 : class where T4 : class
{
    private To(object state) => State = state ?? throw new ArgumentNullException(nameof(state), "A body must return the record of its next state.");

    /// <inheritdoc />
    public object State { get; }

    static ImmutableArray<Type> INext.Targets => [typeof(T1), typeof(T2), typeof(T3), typeof(T4)];

    /// <summary>Goes to <typeparamref name="T1"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4>(T1 state) => new(state);
    /// <summary>Goes to <typeparamref name="T2"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4>(T2 state) => new(state);
    /// <summary>Goes to <typeparamref name="T3"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4>(T3 state) => new(state);
    /// <summary>Goes to <typeparamref name="T4"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4>(T4 state) => new(state);
}

/// <summary>One of 5 declared next states. A state's record converts to it; anything else does not compile.</summary>
public readonly record struct To<T1, T2, T3, T4, T5> : INext where T1 : class where T2 : class where T3 : class where T4 : class where T5 : class
{
    private To(object state) => State = state ?? throw new ArgumentNullException(nameof(state), "A body must return the record of its next state.");

    /// <inheritdoc />
    public object State { get; }

    static ImmutableArray<Type> INext.Targets => [typeof(T1), typeof(T2), typeof(T3), typeof(T4), typeof(T5)];

    /// <summary>Goes to <typeparamref name="T1"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5>(T1 state) => new(state);
    /// <summary>Goes to <typeparamref name="T2"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5>(T2 state) => new(state);
    /// <summary>Goes to <typeparamref name="T3"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5>(T3 state) => new(state);
    /// <summary>Goes to <typeparamref name="T4"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5>(T4 state) => new(state);
    /// <summary>Goes to <typeparamref name="T5"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5>(T5 state) => new(state);
}

/// <summary>One of 6 declared next states. A state's record converts to it; anything else does not compile.</summary>
public readonly record struct To<T1, T2, T3, T4, T5, T6> : INext where T1 : class where T2 : class where T3 : class where T4 : class where T5 : class where T6 : class
{
    private To(object state) => State = state ?? throw new ArgumentNullException(nameof(state), "A body must return the record of its next state.");

    /// <inheritdoc />
    public object State { get; }

    static ImmutableArray<Type> INext.Targets => [typeof(T1), typeof(T2), typeof(T3), typeof(T4), typeof(T5), typeof(T6)];

    /// <summary>Goes to <typeparamref name="T1"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6>(T1 state) => new(state);
    /// <summary>Goes to <typeparamref name="T2"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6>(T2 state) => new(state);
    /// <summary>Goes to <typeparamref name="T3"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6>(T3 state) => new(state);
    /// <summary>Goes to <typeparamref name="T4"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6>(T4 state) => new(state);
    /// <summary>Goes to <typeparamref name="T5"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6>(T5 state) => new(state);
    /// <summary>Goes to <typeparamref name="T6"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6>(T6 state) => new(state);
}

/// <summary>One of 7 declared next states. A state's record converts to it; anything else does not compile.</summary>
public readonly record struct To<T1, T2, T3, T4, T5, T6, T7> : INext where T1 : class where T2 : class where T3 : class where T4 : class where T5 : class where T6 : class where T7 : class
{
    private To(object state) => State = state ?? throw new ArgumentNullException(nameof(state), "A body must return the record of its next state.");

    /// <inheritdoc />
    public object State { get; }

    static ImmutableArray<Type> INext.Targets => [typeof(T1), typeof(T2), typeof(T3), typeof(T4), typeof(T5), typeof(T6), typeof(T7)];

    /// <summary>Goes to <typeparamref name="T1"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7>(T1 state) => new(state);
    /// <summary>Goes to <typeparamref name="T2"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7>(T2 state) => new(state);
    /// <summary>Goes to <typeparamref name="T3"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7>(T3 state) => new(state);
    /// <summary>Goes to <typeparamref name="T4"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7>(T4 state) => new(state);
    /// <summary>Goes to <typeparamref name="T5"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7>(T5 state) => new(state);
    /// <summary>Goes to <typeparamref name="T6"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7>(T6 state) => new(state);
    /// <summary>Goes to <typeparamref name="T7"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7>(T7 state) => new(state);
}

/// <summary>One of 8 declared next states. A state's record converts to it; anything else does not compile.</summary>
public readonly record struct To<T1, T2, T3, T4, T5, T6, T7, T8> : INext where T1 : class where T2 : class where T3 : class where T4 : class where T5 : class where T6 : class where T7 : class where T8 : class
{
    private To(object state) => State = state ?? throw new ArgumentNullException(nameof(state), "A body must return the record of its next state.");

    /// <inheritdoc />
    public object State { get; }

    static ImmutableArray<Type> INext.Targets => [typeof(T1), typeof(T2), typeof(T3), typeof(T4), typeof(T5), typeof(T6), typeof(T7), typeof(T8)];

    /// <summary>Goes to <typeparamref name="T1"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7, T8>(T1 state) => new(state);
    /// <summary>Goes to <typeparamref name="T2"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7, T8>(T2 state) => new(state);
    /// <summary>Goes to <typeparamref name="T3"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7, T8>(T3 state) => new(state);
    /// <summary>Goes to <typeparamref name="T4"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7, T8>(T4 state) => new(state);
    /// <summary>Goes to <typeparamref name="T5"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7, T8>(T5 state) => new(state);
    /// <summary>Goes to <typeparamref name="T6"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7, T8>(T6 state) => new(state);
    /// <summary>Goes to <typeparamref name="T7"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7, T8>(T7 state) => new(state);
    /// <summary>Goes to <typeparamref name="T8"/>.</summary>
    public static implicit operator To<T1, T2, T3, T4, T5, T6, T7, T8>(T8 state) => new(state);
}
