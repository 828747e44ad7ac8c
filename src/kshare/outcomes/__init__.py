"""Series of business figures from outside, such as cycle times, shown beside what is shared."""
