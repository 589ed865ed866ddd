"""Coils, metal and soil: the physics of induction that both processing and simulation stand on.

Time dependence e^{+i omega t}, SI units, fields per ampere of transmitter current.

Coils and their fields
----------------------
Coil, Polygon, Winding
    A circular coil, a closed polygon of straight wire, and several of them in series.
rectangular_coil, d_coil, double_d, balanced_overlap
    Heads that are not one circle, and the overlap at which a double-D head is balanced.
loop_field, coil_field, polygon_field, winding_field
    Magnetic field of each.
mutual_inductance, mutual_inductances, winding_inductance
    Mutual inductance of two coils, of many pairs, and of two windings.
received, emf, winding_emf
    Voltage that a small target induces, by reciprocity.

Metal
-----
Spectrum
    A magnetic polarizability tensor as a static part and relaxations.
polarizability, step_off, gate_rate, rotate_spectrum
    Its values over frequency, after switch-off, over gates; the object turned.
sphere_polarizability, sphere_poles, sphere_spectrum
    Conducting permeable spheres.
spheroid_limits, spheroid_spectrum, demagnetisation, polar_demagnetisation
    Spheroids.
fit_spectrum, fit_gates, relaxation_times
    The relaxations that fit measured tensors.

Soil
----
viscous_susceptibility, log_uniform_susceptibility
    Magnetic viscosity over frequency.
half_space_coupling, magnetic_image_coupling
    What homogeneous ground adds to the coupling of two coils.
Layer, layered_coupling, layered_gates, layered_inductance, layered_reflection
    What layered ground adds, in both domains.

Waveforms
---------
Current, rectangular_pulse, bipolar_train
    Current of a pulse transmitter.
relaxation_rate, pulse_rate, viscous_rate
    What relaxations, metal and viscous soil do after it, as means over gates.

Compiled pieces, for the kernels of other rooms
-----------------------------------------------
loop_terms, smooth_terms, VECTOR_FROM
    Field and potential of a loop at one point, with and without branches, and where the second is exact.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
