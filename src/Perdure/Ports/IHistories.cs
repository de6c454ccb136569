using Perdure.Kernel;

namespace Perdure.Ports;

/// <summary>The histories of a store, opened for reading only, beside the nodes that work on it or in a copy: what is exported and replayed. Each read is short, so that nobody waits for it.</summary>
public interface IHistories : IDisposable
{
    /// <summary>Instances, oldest first, each with the number of its newest record.</summary>
    /// <param name="workflow">Of this workflow only; null for all.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    IEnumerable<(InstanceRow Row, long Records)> Instances(string? workflow = null);

    /// <summary>One instance and the number of its newest record; null where there is none.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    (InstanceRow Row, long Records)? Find(InstanceId instance);

    /// <summary>Records of an instance up to that one, in order.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    IEnumerable<StoredRecord> Records(InstanceId instance, long upTo);

    /// <summary>The text of a stored map, as <see cref="MapText"/> writes it; null where the store has none.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    string? Map(string workflow, int version);
}
