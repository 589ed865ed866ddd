"""What an engineer asks of the chain: how two results differ, and what each step does.

Comparing
---------
compare_results     recipes, versions, images, targets and figures of two results
Comparison          all of that, frozen
comparison_text     ... for a terminal
comparison_json     ... for programs
comparison_html     ... as one page

Looking inside
--------------
look_inside         a scan through the chain, with what each step left and took away
Steps               all of that
StepView            one step
steps_html          ... as one page
step_arrays         ... as named arrays
write_steps         both as files
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
